"""Make the virtual environment from the locks and go on inside it. Standard library only.

The environment is `.venv` of the checkout. Its stamp, written last, lists the locks installed in
it with the hash of each lock and of the interpreter: an interrupted installation has no stamp and
is repeated, an unchanged environment costs two file reads. A changed lock is built beside the
old environment and renamed, so a running game keeps whole files; the scripts in it then get new
first lines.

uv installs many times faster than pip: where there is none, pip fetches the one of
`requirements-uv.lock` for the moment; where it cannot be had either, pip does the work.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
RUNTIME_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
EXTRA_LOCK = "requirements-extra.lock"
UV_LOCK = "requirements-uv.lock"
# What a command needs beyond the runtime lock: always, or when one of its options is given.
NEEDS: dict[str, tuple[str, ...]] = {"test": (TEST_LOCK, EXTRA_LOCK), "bench": (TEST_LOCK,)}
NEEDS_FOR_OPTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "facts": (EXTRA_LOCK, ("--plots", "--portrait", "--model-plots")),
    "scenario": (EXTRA_LOCK, ("--plot",)),
}
STAMP = "arena-stamp.json"
PIP_OPTIONS = ["--require-hashes", "--only-binary", ":all:", "--no-deps"]
NO_PIP = "install the package python3-venv (Debian, Ubuntu) or python3-pip, then run this again"
FOREIGN = (
    ".venv exists but was not made by this project: move it away, or set ARENA_BOOTSTRAP=0 "
    "to use an environment of your own"
)


class BootstrapError(Exception):
    """The environment cannot be made; the text is the one line that the user gets."""


def ensure(argv: list[str]) -> None:
    """Return inside an environment that has what `argv` needs, else make it and re-execute."""
    if os.environ.get("ARENA_BOOTSTRAP") == "0" or "--version" in argv[1:2]:
        return
    wanted = wanted_locks(argv)
    if inside() and not (VENV / STAMP).exists():
        return  # an environment of the user's own, entered on purpose
    changed = False
    try:
        if not satisfied(VENV, wanted):
            with exclusive(ROOT):
                if not satisfied(VENV, wanted):
                    change(wanted)
            changed = True
    except (BootstrapError, OSError) as error:
        sys.exit(f"environment: {error}")
    if changed or not inside():
        sys.stdout.flush()
        os.execv(python_of(VENV), [str(python_of(VENV)), *argv])


def wanted_locks(argv: list[str]) -> list[str]:
    """The runtime lock, and what the two tables say of the command and its options."""
    command = argv[1] if len(argv) > 1 else ""
    wanted = [RUNTIME_LOCK, *NEEDS.get(command, ())]
    lock, options = NEEDS_FOR_OPTIONS.get(command, ("", ()))
    if any(item.partition("=")[0] in options for item in argv[2:]):
        wanted.append(lock)
    return wanted


def inside() -> bool:
    return Path(sys.prefix).resolve() == VENV.resolve()


def python_of(venv: Path) -> Path:
    return venv / "bin" / "python"


def lock_hash(lock: str) -> str:
    """The lock's content and the interpreter it was installed for."""
    content = (ROOT / lock).read_bytes()
    return hashlib.sha256(content + sys.version.split()[0].encode()).hexdigest()


def installed_locks(venv: Path) -> dict[str, str]:
    """Lock name to hash; empty when there is no readable stamp."""
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def satisfied(venv: Path, wanted: list[str]) -> bool:
    installed = installed_locks(venv)
    current = all(installed.get(lock) == lock_hash(lock) for lock in wanted)
    return current and python_of(venv).exists()


@contextlib.contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """One change at a time; the lock is the checkout's directory itself, so nothing is left."""
    try:
        import fcntl
    except ImportError:
        raise BootstrapError("Windows has no embedded services: use WSL") from None
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("environment: waiting for another command that is changing it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def change(wanted: list[str]) -> None:
    """Add a lock to the environment in place, or build it anew beside and rename it."""
    if VENV.exists() and not (VENV / STAMP).exists():
        raise BootstrapError(FOREIGN)
    installed = installed_locks(VENV)
    stale = any(value != lock_hash(lock) for lock, value in installed.items() if lock in wanted)
    if installed and not stale and python_of(VENV).exists():
        with fast_installer() as uv:
            install(VENV, [lock for lock in wanted if lock not in installed], uv)
        write_stamp(VENV, sorted({*wanted, *installed}), keep=installed)
        return
    known = (RUNTIME_LOCK, TEST_LOCK, EXTRA_LOCK)
    wanted = [lock for lock in known if lock in wanted or lock in installed]
    fresh = ROOT / ".venv.new"
    shutil.rmtree(fresh, ignore_errors=True)
    with fast_installer() as uv:
        make_venv(fresh, uv)
        install(fresh, wanted, uv)
    write_stamp(fresh, wanted, keep={})
    old = ROOT / ".venv.old"
    shutil.rmtree(old, ignore_errors=True)
    if VENV.exists():
        VENV.rename(old)
    fresh.rename(VENV)
    point_scripts(VENV, fresh)
    shutil.rmtree(old, ignore_errors=True)


def point_scripts(venv: Path, made_as: Path) -> None:
    """Let the first lines of scripts name the interpreter of `venv`, no longer of `made_as`."""
    before, after = f"#!{made_as}/".encode(), f"#!{venv}/".encode()
    for script in python_of(venv).parent.iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            if text.startswith(before):
                script.write_bytes(text.replace(before, after, 1))


def write_stamp(venv: Path, locks: list[str], keep: dict[str, str]) -> None:
    stamp = {lock: keep.get(lock) or lock_hash(lock) for lock in locks}
    (venv / STAMP).write_text(json.dumps(stamp, indent=1))


@contextlib.contextmanager
def fast_installer() -> Iterator[str | None]:
    """The path of uv: the machine's own, else one borrowed with the system's pip; None without."""
    own = shutil.which("uv")
    lock, borrowed = ROOT / UV_LOCK, ROOT / ".venv.uv"
    if own or not lock.exists() or not has_pip():
        yield own
        return
    try:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
        had = quiet([*pip, "--target", borrowed, *PIP_OPTIONS, "-r", lock])
        uv = borrowed / "bin" / "uv"
        yield str(uv) if had and uv.exists() else None
    finally:
        shutil.rmtree(borrowed, ignore_errors=True)


@functools.cache
def uv_environment() -> dict[str, str]:
    """What uv should know that pip knows: the package index of this machine's own."""
    environment = dict(os.environ)
    index = environment.get("PIP_INDEX_URL", "")
    if not index:
        asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        with contextlib.suppress(OSError):
            index = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    if index.strip():
        environment.setdefault("UV_DEFAULT_INDEX", index.strip())
    return environment


def make_venv(venv: Path, uv: str | None) -> None:
    """uv; else venv with ensurepip; else venv and the system's pip; else apt-get as root."""
    if uv and quiet([uv, "venv", "--seed", "--python", sys.executable, venv], uv_environment()):
        return
    make = [sys.executable, "-m", "venv"]
    if not has_ensurepip() and not has_pip() and can_apt():
        say("environment: this Python cannot make one; installing python3-venv with apt-get")
        apt_install("python3-venv")
    if has_ensurepip() and quiet([*make, venv]):
        return
    if has_pip() and quiet([*make, "--clear", "--without-pip", venv]):
        return
    raise BootstrapError(f"this Python cannot make a virtual environment: {NO_PIP}")


def install(venv: Path, locks: list[str], uv: str | None) -> None:
    """Install the locks, all files hash-checked; quiet but for one moving line."""
    count = sum(1 for lock in locks for line in (ROOT / lock).open() if "==" in line[:80])
    requirements = [item for lock in locks for item in ("-r", str(ROOT / lock))]
    what = f"environment: installing {count} packages"
    if uv:
        base = [uv, "pip", "install", "--python", str(python_of(venv))]
        command = [*base, *PIP_OPTIONS, *requirements]
        if run_shown(command, f"{what} with uv", venv, uv_environment())[0]:
            return
        say("environment: uv could not do it, going on with pip")
    done, output = run_shown([*pip_of(venv), "install", *PIP_OPTIONS, *requirements], what, venv)
    if not done:
        tail = "\n".join(output.strip().splitlines()[-12:])
        raise BootstrapError(f"installation failed; the last lines were\n{tail}")


def pip_of(venv: Path) -> list[str]:
    """The environment's own pip, else the system's pip working on it."""
    python = str(python_of(venv))
    if quiet([python, "-m", "pip", "--version"]):
        return [python, "-m", "pip", "--disable-pip-version-check"]
    if has_pip():
        return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    if quiet([python, "-m", "ensurepip"]):
        return [python, "-m", "pip", "--disable-pip-version-check"]
    raise BootstrapError(f"no pip found: {NO_PIP}")


def has_ensurepip() -> bool:
    """Asked in a new process, since apt-get may have brought it while this one runs."""
    return importlib.util.find_spec("ensurepip") is not None or quiet(
        [sys.executable, "-c", "import ensurepip"]
    )


def has_pip() -> bool:
    return quiet([sys.executable, "-m", "pip", "--python", sys.executable, "--version"])


def can_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages: str) -> None:
    """Install Debian packages; refresh the lists only where the first try fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if not quiet(command, environment):
        quiet(["apt-get", "update", "-qq"], environment)
        quiet(command, environment)


def quiet(command: Sequence[str | Path], environment: dict[str, str] | None = None) -> bool:
    """Run, show nothing; True when it succeeded."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def run_shown(
    command: list[str], what: str, venv: Path, environment: dict[str, str] | None = None
) -> tuple[bool, str]:
    """Run with one line of elapsed seconds; returns success and what the command printed."""
    started = time.monotonic()
    live = sys.stderr.isatty()
    if not live:
        say(f"{what} (once, about half a minute)")
    log = venv / "install.log"
    with log.open("w+") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if live:
                    print(f"\r{what} {time.monotonic() - started:3.0f} s ", end="", file=sys.stderr)
                    sys.stderr.flush()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        output.seek(0)
        text = output.read()
    start = "\r" if live else ""
    verdict = "done in" if process.returncode == 0 else "failed after"
    say(f"{start}{what}: {verdict} {time.monotonic() - started:.1f} s")
    return process.returncode == 0, text


def say(line: str) -> None:
    """Progress belongs on stderr: stdout is the command's."""
    print(line, file=sys.stderr, flush=True)
