/* A state that turns and fades, as a sound: what one strike leaves. */
import { show } from "./base.mjs";
import { ring } from "./formulas.mjs";

export const RATE = 8000; // steps a second, as chapter 2's bell
const LONGEST = 2; // seconds
const LOUDNESS = 0.3;

/* The turns a second, and the seconds until a thousandth is left. */
export function heard(radius, angle) {
  const steps = radius < 1 ? Math.log(0.001) / Math.log(radius) : Infinity;
  return { hertz: (angle * RATE) / (2 * Math.PI), seconds: steps / RATE };
}

/* The first unit at each step that is played. */
export function samples(radius, angle) {
  const { seconds } = heard(radius, angle);
  const steps = Math.ceil(RATE * Math.min(seconds, LONGEST));
  return ring(radius, angle, steps).map(([x]) => x);
}

const time = (seconds) => (seconds < 1
  ? `${show(1000 * seconds, seconds < 0.01 ? 1 : 0)} ms`
  : `${show(seconds, 1)} s`);

/* For a reader who does not hear it. */
export function inWords(radius, angle) {
  if (radius > 1) return "A state that grows is not played.";
  const { hertz, seconds } = heard(radius, angle);
  const ends = radius === 1
    ? `without end, of which ${LONGEST} s are played`
    : `down to a thousandth after ${time(seconds)}, or ${
      show(hertz * seconds, 1)} turns`;
  return `At ${RATE} steps per second: ${
    hertz ? `${show(hertz, 0)} Hz` : "no turn, so no tone"}, ${ends}.`;
}

/* Play them once; what is returned stops it. */
export function play(values) {
  const context = new AudioContext();
  const buffer = context.createBuffer(1, values.length, RATE);
  buffer.getChannelData(0).set(values);
  const source = new AudioBufferSourceNode(context, { buffer });
  const volume = new GainNode(context, { gain: LOUDNESS });
  source.connect(volume).connect(context.destination);
  const start = context.currentTime, end = start + values.length / RATE;
  volume.gain.setValueAtTime(LOUDNESS, Math.max(start, end - 0.02));
  volume.gain.linearRampToValueAtTime(0, end); // no click where it is cut
  source.start();
  const stop = () => context.state !== "closed" && context.close();
  source.onended = stop;
  return stop;
}
