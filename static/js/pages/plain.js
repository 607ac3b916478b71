/** Pages without live data: credits, accounts, errors. */
import { startFrame } from "../core/frame.js";

startFrame();
