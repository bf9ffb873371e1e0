// The one function of d3-geo-projection that is used here; the package ships no types of its own.
declare module 'd3-geo-projection' {
  /** Longitude and latitude in radians → the unit Mollweide plane (x within ±2√2, y within ±√2). */
  export function geoMollweideRaw(lambda: number, phi: number): [number, number]
}
