/** Metres and degrees over a few kilometres. A place is `[latitude, longitude]`. */

const RAD = Math.PI / 180;

/** Metres in a degree of latitude and of longitude (series of the WGS84 ellipsoid). */
function degree(lat) {
  const phi = lat * RAD;
  return {
    north: 111132.92 - 559.82 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi),
    east: 111412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi),
  };
}

/** The place some metres east and north of another. */
export function moved([lat, lon], east, north) {
  const metres = degree(lat);
  return [lat + north / metres.north, lon + east / metres.east];
}

/** Metres between two places. */
export function distance(a, b) {
  const metres = degree((a[0] + b[0]) / 2);
  return Math.hypot((b[0] - a[0]) * metres.north, (b[1] - a[1]) * metres.east);
}

/** The place `part` (0 to 1) of the way from one place to another. */
export function between(a, b, part) {
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part];
}

/** A distance as people say it. */
export function metres(value) {
  return value < 1000 ? `${Math.round(value)} m` : `${(value / 1000).toFixed(1)} km`;
}

/** A duration as people say it. */
export function duration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return `${Math.floor(whole / 60)} min${rest ? ` ${rest} s` : ""}`;
}
