// For a page without modules: <script src="milepost.js"></script>, then Milepost.track(video, {...}).
import { track } from './tracker.js';

/** @type {any} */ (globalThis).Milepost = { track };
