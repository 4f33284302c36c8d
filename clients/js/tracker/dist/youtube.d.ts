/**
 * What of a `YT.Player` is used. It must be ready (`onReady`).
 * @typedef {object} YouTubePlayer
 * @property {() => number} getCurrentTime
 * @property {() => number} getDuration 0 until the metadata is there
 * @property {() => number} getPlaybackRate
 * @property {() => number} getPlayerState
 * @property {(seconds: number, allowSeekAhead: boolean) => void} seekTo
 * @property {(event: string, listener: (event: any) => void) => void} addEventListener
 * @property {(event: string, listener: (event: any) => void) => void} removeEventListener
 */
/**
 * @param {YouTubePlayer} player
 * @returns {Facade & {release(): void}} for `track`; `release()` stops asking the player
 */
export function youtube(player: YouTubePlayer): Facade & {
    release(): void;
};
/**
 * What of a `YT.Player` is used. It must be ready (`onReady`).
 */
export type YouTubePlayer = {
    getCurrentTime: () => number;
    /**
     * 0 until the metadata is there
     */
    getDuration: () => number;
    getPlaybackRate: () => number;
    getPlayerState: () => number;
    seekTo: (seconds: number, allowSeekAhead: boolean) => void;
    addEventListener: (event: string, listener: (event: any) => void) => void;
    removeEventListener: (event: string, listener: (event: any) => void) => void;
};
import { Facade } from './facade.js';
