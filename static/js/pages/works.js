/** Your works: contract, sites, shop, prospecting and what happened. */
import { link } from "../core/app.js";
import { startFrame } from "../core/frame.js";
import { start } from "../core/works.js";
import "../ui/link.js";
import "../ui/vitals.js";
import "../ui/works-auctions.js";
import "../ui/works-contract.js";
import "../ui/works-log.js";
import "../ui/works-patents.js";
import "../ui/works-sale.js";
import "../ui/works-shop.js";
import "../ui/works-sites.js";

startFrame();
for (const topic of ["world", "market_tick", "indicators"]) link.subscribe(topic);
link.open();
if (document.querySelector("lea-works-sites")) start();
