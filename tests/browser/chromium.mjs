// The browser of these tests and of the dashboard's: Debian's chromium. Its headless shell is the same engine without windows, and
// needs half the time.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The wire tests' packages are these tests' packages. */
export const packages = createRequire(new URL('../wire/package.json', import.meta.url));
const executablePath = ['chromium-headless-shell', 'chromium', 'chromium-browser'].map((name) => `/usr/bin/${name}`).find(existsSync);
export const skip = executablePath ? false : 'no chromium on this machine';
export const launch = () =>
  packages('playwright-core').chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'] });
