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
}
interface Frozen { category: string; due_at: number }
interface TaskOrder {
  id: string; slot: number; tote: string | null; frozen: Frozen | null; ended: string | null;
  risk_pm?: number; tags?: string[]; note?: string;
}
interface Step {
  no: number; order: string; slot: number; line: number; sku: string; name: Name; gift: boolean;
  location: string; zone: string; qty: number; picked: number; found: number | null;
  done: boolean; check: 'each' | 'confirm'; scanned: boolean;
  expect: { location: string[]; codes: string[]; qty: number; on_wrong: string };
}
interface TaskView {
  id: string; rev: number; lane: '24h' | 'normal'; state: 'open' | 'taken' | 'done';
  picker: string | null; picker_name: Name | null; created_at: number; at: string | null;
  current: number | null; orders: TaskOrder[]; steps: Step[]; tote_required?: boolean;
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
  sku: string; name?: Name; location?: string; qty: number; done: number;
}
interface OrderView { id: string; state: string; put_back?: PutBack[] }
interface Alarm { id: string; code: string; facts: Facts; raised_at: number }
interface Reason { code: string; zh: string; en: string }
type Reasons = Record<'short' | 'reprint' | 'release' | 'gift', Reason[]>;

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
interface Urgent { order: string; priority: string }
interface Verdict { ok: boolean; code: string; facts: Facts }
interface BoxEntry {
  seq: number; at: number; kind: string; subject: string; refs: string[]; device: string; data: Facts;
}

/** `alarm` is `stop` with room for the voice. */
type Tone = 'kept' | 'good' | 'wrong' | 'stop' | 'alarm' | 'info';
interface Notice { tone: Tone; key: string; facts: Facts; hint: string; seq: number }
type ScreenName = 'signin' | 'tasks' | 'pick' | 'pack' | 'handover' | 'putback' | 'status';
type Dialog =
  | { kind: 'menu' }
  | { kind: 'help' }
  | { kind: 'qty'; title: string; label: string; max: number; preset: number; text: string }
  | { kind: 'reason'; list: keyof Reasons }
  | { kind: 'pin'; text: string; busy: boolean; error: Refusal | null };
interface State {
  screen: ScreenName; session: Session | null; task: TaskView | null; outbox: Kept[];
  link: 'connecting' | 'up' | 'down'; hub: string; hubLag: number; box: string;
  certificate: { expires_at: number; level: string } | null;
  cursor: number; clockOffsetUs: number;
  tasks: TaskShort[] | null; chosen: string[];
  packing: Waiting[] | null; pack: PackView | null; shipped: string | null;
  handed: { order_id: string; waybill: string }[];
  putbacks: OrderView[] | null; putback: string | null;
  alarms: Alarm[]; notice: Notice | null; noticeSeq: number; skipped: number[];
  urgent: Urgent | null; dialog: Dialog | null; reasons: Reasons | null; station: string | null;
  shell: { worker: string; persisted: boolean | null; version: string; secure: boolean };
  sound: boolean; lang: 'zh' | 'en'; theme: 'auto' | 'light' | 'dark'; prefix: string;
}
type Happening = { type: string; [k: string]: any };

type App = import('./app.js').App;
type Frame = { kind: 'scan'; text: string; gapMs: number } | { kind: 'typed'; text: string; byHand: boolean };
type Scan =
  | { type: 'badge' | 'station' | 'tote' | 'label' | 'code'; code: string }
  | {
    type: 'command'; code: string; name: string;
    qty: number | null; digit: string | null; // of the cards @C:QTY:<n> and @C:<digit>
  };
type Need = 'tote' | 'location' | 'item' | 'qty';
interface ScreenModule {
  view(app: App): unknown;
  scan?(app: App, scan: any): unknown;
}
type Readable = 'tasks' | 'task' | 'packing' | 'pack' | 'putbacks' | 'reasons';
type Dict = Record<string, string>;
type Translate = (key: string, facts?: Facts) => string;

/** Set by boot.js. */
declare var floorLook: (lang: string, theme: string) => void;
declare var floorStopped: boolean | undefined;
/** Chromium's Trusted Types; absent elsewhere. */
declare var trustedTypes: undefined | {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): {
    createScriptURL(url: string): unknown;
  };
};
