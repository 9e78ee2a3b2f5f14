export {
  type Cache,
  type CacheOptions,
  type CacheValue,
  createCache,
  ENTRY_OVERHEAD_BYTES,
  type SetOutcome,
} from "./cache.ts";
export type { Entry } from "./entry.ts";
export { createFlights, type FlightRole, type Flights, type FlightsOptions } from "./flights.ts";
export { mayTakeFlight } from "./may-take-flight.ts";
export { bodyBytes, dependenciesBytes, stringBytes } from "./size-accounting.ts";
