export {
  type FireOptions,
  InvalidSchedule,
  nextFire,
  parseSchedule,
  type Schedule,
  type ScheduleDialect,
} from "./schedule.ts";
export { isTimeZone } from "./zone.ts";
