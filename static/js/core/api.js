/** REST calls to our own origin: JSON both ways, CSRF token, one error shape. */
const WITHIN_MS = 10_000;

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

/**
 * @returns {Promise<object>} the body; rejects with a problem {code, title, detail, status, ...}
 */
export async function call(method, path, { body = null, key = null } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== null) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = token();
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === null ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
  } catch {
    throw { code: "link_down", title: "No connection", temporary: true };
  }
  const type = response.headers.get("Content-Type") ?? "";
  const data = type.includes("json") ? await response.json() : {};
  if (response.ok) return data;
  throw { code: "http_error", title: `Error ${response.status}`, status: response.status, ...data };
}

export const get = (path) => call("GET", path);
