/** Shapes of docs/PDA_PROTOCOL.md and of the page's own state. Times of the box are µs UTC. */

type Facts = Record<string, any>;
interface Name { zh: string; en: string }
interface Station { id: string; name: string | Name; printers: string[] }
interface Session {
  id: string;
  person: { id: string; name: Name; roles: string[] };
  device: string;
  station: Station | null;
  opened_at: number;
  task: TaskView | null;
  training?: boolean; // somebody said so, and it is not done
  locked?: boolean;
}
interface Frozen { category: string; due_at: number }
interface TaskOrder {
  id: string; slot: number; tote: string | null; frozen: Frozen | null; ended: string | null;
  goes: 'pick' | 'pack' | 'aside' | 'back' | 'none'; state_name: Name;
  risk_pm?: number; tags?: string[]; note?: string;
}
interface Step {
  no: number; order: string; slot: number; line: number; sku: string; name: Name; gift: boolean;
  location: string; zone: string; qty: number; picked: number; found: number | null;
  done: boolean; check: 'each' | 'confirm'; scanned: boolean;
  expect: { location: string[]; codes: string[]; qty: number; on_wrong: string };
}
/** What became of an order of a task: as the box says it, or as this PDA alone knows it. */
type Ending = Exclude<TaskOrder['goes'], 'pick'> | 'frozen' | 'lost' | 'kept' | 'kept_short';
interface TaskView {
  id: string; rev: number; lane: '24h' | 'normal';
  state: 'open' | 'taken' | 'done' | 'merged' | 'dropped';
  picker: string | null; created_at: number; at: string | null;
  current: number | null; orders: TaskOrder[]; steps: Step[]; tote_required?: boolean;
  orders_rev?: number; // the page's own: `orders` are of this newer view
}
interface TaskShort extends Omit<TaskView, 'steps'> {
  pieces: number; lines: number; zones: string[];
}
interface Refusal { code: string; facts?: Facts; hint?: string }
interface PackLine {
  no: number; sku: string; name: Name; qty: number; checked: number; gift: boolean;
  tracked: boolean; service: boolean; check: 'each' | 'confirm'; done: boolean; codes: string[];
}
interface PrintJob { id: string; state: string; printer: string; reason: string | null }
interface PackView {
  order: string; state: string; station: string | null; tote: string | null; lines: PackLine[];
  frozen: Frozen | null; ready: boolean; missing: number[];
  parcel: {
    waybill: string | null; carrier: string; copies: number; grade: string; job: PrintJob | null;
  };
  why_not: Record<string, Refusal[]>;
}
interface Waiting {
  id: string; tote: string | null; lane: string; since: number; lines: number; gifts: number;
  state: string;
}
interface PutBack {
  sku: string; name: Name; location: string; qty: number; done: number; codes: string[];
}
interface ReturnLine {
  line: number; sku: string; name: Name; qty: number; done: number; codes: string[];
}
interface ReturnCode { code: string; zh: string; en: string; sellable: boolean }
interface Why { code: string; facts: Facts }
interface OrderView {
  id: string; state: string; state_name: Name; owner_role: string; lane: string; since: number;
  accepted_at: number; paid_at: number; promise: number; tags: string[];
  frozen: (Frozen & { contested: boolean; reason: string })[];
  lines: { no: number; sku: string; qty: number; gift?: boolean; rule?: string }[];
  short: Record<string, number>; task: string | null; tote: string | null;
  parcel: PackView['parcel']; put_back?: PutBack[]; returns: ReturnLine[];
  carrier: { status: string | null; valid: boolean; first_scan_at: number | null; late: boolean;
    missing: boolean };
  routing: Facts; risk_pm: number; remark_hits: string[]; priority: string | null;
  marks: string[]; trusted: boolean; approvals: string[]; why_not: Record<string, Why[]>;
}
interface ApprovalView {
  id: string; kind: string; name: Name; state: string; order: string | null; reason: string;
  data: Facts; asked_by: string | null; asked_at: number; facts: Facts; facts_hash: string;
  answers: { answer: string; does: Name | null }[]; why_not: Why | null; due: string[][];
  level: number; stuck: boolean; answer: string | null;
  opinions: { person: string; roles: string[]; answer: string; at_us: number; opinion: string }[];
}
/** What a superior is about to sign: the answer, and the facts that were shown with it. */
interface Signing { id: string; approval: string; facts_hash: string; answer: string; text: string }
interface PrintRow {
  id: string; order: string; waybill: string; n: number; station: string; state: string;
  grade: string; printer: string | null; attempts: number; reason: string | null;
  queued_at: number; since: number; slip: string | null; actions: string[];
}
interface FixRow {
  order: string; state: string; lane: string; code: string; facts: Facts; rule_name: Name | null;
  suggest: { carrier: string; service: string; carrier_name: Name; service_name: Name }[];
  since: number;
}
interface CountRow {
  sku: string; name: Name | null; location: string; lot: string | null; reason: string;
  order: string | null; state: string; opened_at: number; codes: string[];
}
interface GiftTrace {
  order: string;
  lines: { line: number; sku: string; name: Name | null; qty: number; picked: number;
    packed: number; missing: number; rule: string | null; suggest: string | null;
    suggest_name: Name | null }[];
  events: { what: string; at_us: number; by: string; line: number; qty: number; data: Facts }[];
}
interface DeviceView {
  id: string; kind: 'printer' | 'scanner' | 'unknown';
  state: 'new' | 'identified' | 'adopted' | 'stale' | 'gone'; adopted: boolean;
  configured: boolean; name: string; make: string; model: string; language: string; note: string;
  url: string; urls: string[]; sources: string[]; since: number; stations: string[];
  conflicts: { clash: string; parties: string[] }[]; sticker: string; fault: string; jobs: number;
  test: { state: string; at: number | null; reason: string | null; proved_at: number | null;
    due: boolean };
  label: { code: string; state: 'asked' | 'sent' | 'confirmed' | 'failed'; at: number;
    proof: string | null; reason: string | null } | null;
}
interface StationView { id: string; name: Name; sticker: string }
interface StaffView {
  id: string; name: Name; named: boolean; roles: string[]; active: boolean; badge: boolean;
  badge_at: number | null; pin: 'set' | 'once' | ''; shift_at: number | null;
  seats: { device: string; station: string; since: number; locked: boolean }[];
  tries: { device: string; today: number; held: boolean }[]; locked: boolean;
}
/** What a person was just given: a badge, a PIN to begin with, or both. */
interface Given { person: string; badge: IssuedBadge | null; pin: string }
interface IssuedBadge { person: string; ticket: string; expires_at: number; pin: string | null }
/** What the form of a device to be added says. */
type DeviceForm = Record<'address' | 'kind' | 'name' | 'language', string>;
interface PrinterState { id: string; name: string; ok: boolean; fault: string; since: number }
interface AlarmRow extends Alarm {
  person: { id: string; name: Name } | null; roles: string[]; acked_at: number | null;
  acked_by: { id: string; name: Name } | null;
  settled_at: number | null;
}
interface RulesView {
  rules: string; back_to: string | null;
  pushes: { label: string; signed_by: string; issued_at: number | null; received_at: number;
    first_at: number | null; took_us: number | null; back: boolean }[];
  changes: { part: string; path: string; before: any; after: any }[]; changes_more: number;
}
/** What a ruleset would change, tried on copies. */
interface Trial {
  rules: string; against: string; recent: number; given: number;
  differences: { order: string; what: string; before: string; after: string }[];
}
interface Reading {
  name: string; via: 'keys' | 'commit'; prefix: string; end: string; p50: number; p95: number;
  lost: string[]; swapped: [string, string][]; fullWidth: boolean;
}
interface ScannerProfile {
  via: 'keys' | 'commit'; prefix: string; end: string; p50: number; p95: number; lost: number;
  faults: string[];
}
interface TraineeRow {
  person: string; name: Name; lessons: Record<string, boolean>; shipped: number; wrong: number;
  wrong_pm: number | null; on_time: number; on_time_pm: number | null; mistakes: number;
  last_at: number; assigned_at: number;
}
interface LessonView {
  lesson: string; lessons: string[]; done: string[]; order: string; place: ScreenName; say: string;
  facts: Facts; is_coached: boolean; allowed_s: number; took_s: number; mistakes: number;
  wrong: boolean; on_time: boolean; totes: string[]; label: string;
  shelves: { location: string; goods: { name: Name; code: string; qty: number }[] }[];
}
interface Alarm { id: string; code: string; facts: Facts; raised_at: number }
interface Reason { code: string; zh: string; en: string }
type Reasons = Record<'short' | 'reprint' | 'release' | 'lot' | 'gift' | 'badge_revoke' | 'badge_unlock', Reason[]>;

interface Command {
  v: 1; id: string; kind: string; device: string; session_id: string; captured_at: number;
  data: Facts;
}
interface Answer {
  t?: string; ok: boolean; id: string; status?: number; next?: string; facts?: Facts;
  code?: string; hint?: string; repeated?: boolean;
}
/** A command in the outbox; `said` is what the page itself made of it when it was kept. */
interface Kept {
  seq: number; cmd: Command; said: Verdict; tries: number; parked?: boolean;
  away?: boolean; // kept while the box was out of reach
}
/** When and in whose session something was done. */
interface Origin { session_id: string; captured_at: number }
/** A photo or film that waits, or was refused; `sha256` is the hash of `blob`. */
interface Photo { sha256: string; order: string; blob: Blob; of?: Origin; refused?: Refusal }
interface Urgent { order: string; priority: string }
interface Verdict { ok: boolean; code: string; facts: Facts }
interface BoxEntry {
  seq: number; at: number; kind: string; subject: string; refs: string[]; device: string; data: Facts;
  actor?: string; rules?: string; via?: string;
}

/** `alarm` is `stop` with room for the voice. */
type Tone = 'kept' | 'good' | 'wrong' | 'stop' | 'alarm' | 'info';
interface Notice { tone: Tone; key: string; facts: Facts; hint: string; seq: number }
/** An id of screens/registry.js, or `signin`. */
type Finding = { check: string; severity: 'good' | 'note' | 'warn' | 'bad'; found: Name;
  why: Name; next: Name; fix: string };
type ScreenName = string;
type Dialog =
  | { kind: 'menu' }
  | { kind: 'help' }
  | { kind: 'qty'; title: string; label: string; max: number; preset: number; text: string }
  | { kind: 'reason'; list: keyof Reasons; turned?: number }
  | { kind: 'sure'; title: string; text: string }
  | { kind: 'film'; order: string }
  | { kind: 'pin'; step: 'pin' | 'new' | 'again'; text: string; busy: boolean;
      error: Refusal | null; sign: Signing | null };
interface State {
  screen: ScreenName; session: Session | null;
  /** When a PIN was last given here, ms since 1970. */
  pinAt: number; task: TaskView | null; outbox: Kept[];
  settled: Command[]; // answered, and not yet in `task`
  link: 'connecting' | 'up' | 'down'; hub: string; hubLag: number; box: string;
  certificate: { begins_at: number; expires_at: number; level: string } | null;
  disk: 'ok' | 'low' | 'read_only'; printers: PrinterState[];
  cursor: number; clockOffsetUs: number;
  greetedUs: number; // by the box's clock, when it last said hello
  tasks: TaskShort[] | null; chosen: string[];
  packing: Waiting[] | null; pack: PackView | null; shipped: string | null;
  handed: { order_id: string; waybill: string }[];
  held: Facts; // what is in hand on the screen, until its next scan
  given: Given | null; // until somebody leaves the screen
  seen: Record<string, any>; about: string; signing: Signing | null;
  alarms: Alarm[]; notice: Notice | null; noticeSeq: number; skipped: number[];
  photos: number; refusedPhotos: { sha256: string; order: string; refused: Refusal }[];
  urgent: Urgent | null; dialog: Dialog | null; reasons: Reasons | null; station: string | null;
  shell: { worker: string; persisted: boolean | null; version: string; secure: boolean };
  newerSinceMs: number; // when a newer page was first seen to wait; 0: none does
  practice: boolean; sound: boolean; lang: 'zh' | 'en'; theme: 'auto' | 'light' | 'dark'; prefix: string;
  intake: 'wedge' | 'camera' | 'manual'; profile: ScannerProfile | null;
}
type Setting = 'lang' | 'theme' | 'prefix' | 'intake';
type Happening = { type: string; [k: string]: any };

type App = import('./app.js').App;
type Frame =
  | { kind: 'scan'; text: string; gapMs: number }
  | { kind: 'typed'; text: string; byHand: boolean }
  | { kind: 'half'; text: string };
type Scan =
  | { type: 'badge' | 'station' | 'sticker' | 'tote' | 'label' | 'code'; code: string }
  | {
    type: 'command'; code: string; name: string;
    qty: number | null; digit: string | null; // of the cards @C:QTY:<n> and @C:<digit>
    nth: number; // which of a list either of them names, from 1; 0: none
  };
type Need = 'tote' | 'location' | 'item' | 'qty';
interface ScreenModule {
  view(app: App): unknown;
  scan?(app: App, scan: any): unknown;
  /** What the screen shows: name in `state.seen` → path of the read. */
  reads?(app: App): Record<string, string>;
  /** Called when what it shows has come. */
  seen?(app: App): void;
  /** Kinds of entry upon which it is read anew. */
  hears?: RegExp;
  /** For a desk rather than a hand. */
  wide?: boolean;
}
interface PdaView {
  id: string; name: string; engine: string; persisted: boolean; paired_at: number; paired_by: string;
  revoked_at: number | null; online: boolean; seen_at: number | null;
}
interface Invitation { url: string; short: string; qr: string; expires_at: number }
type Readable = 'lesson' | 'tasks' | 'task' | 'packing' | 'pack' | 'reasons' | 'seen';
type Dict = Record<string, string>;
type Translate = (key: string, facts?: Facts) => string;

/** Set by boot.js. */
declare var floorLook: (lang: string, theme: string) => void;
/** Whether the page is on a practice floor. */
declare var floorPractice: boolean;
/** The texts of the first paint, under way since the head was read; null where they did not come. */
declare var floorTexts: { name: string; dict: Promise<Dict | null> } | undefined;
declare var floorStopped: boolean | undefined;
/** Chromium's Trusted Types; absent elsewhere. */
declare var trustedTypes: undefined | {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): {
    createScriptURL(url: string): unknown;
  };
};
