/**
 * What of a `Vimeo.Player` is used.
 * @typedef {object} VimeoPlayer
 * @property {(event: any, listener: (data: any) => void) => void} on
 * @property {(event: any, listener: (data: any) => void) => void} off
 * @property {(seconds: number) => Promise<number>} setCurrentTime
 * @property {() => Promise<number>} getCurrentTime
 * @property {() => Promise<number>} getDuration
 * @property {() => Promise<boolean>} getPaused
 * @property {() => Promise<number>} getPlaybackRate
 */
/**
 * @param {VimeoPlayer} player
 * @returns {Facade & {release(): void}} for `track`; `release()` lets go of the player
 */
export function vimeo(player: VimeoPlayer): Facade & {
    release(): void;
};
/**
 * What of a `Vimeo.Player` is used.
 */
export type VimeoPlayer = {
    on: (event: any, listener: (data: any) => void) => void;
    off: (event: any, listener: (data: any) => void) => void;
    setCurrentTime: (seconds: number) => Promise<number>;
    getCurrentTime: () => Promise<number>;
    getDuration: () => Promise<number>;
    getPaused: () => Promise<boolean>;
    getPlaybackRate: () => Promise<number>;
};
import { Facade } from './facade.js';
