/** Shapes of docs/PDA_PROTOCOL.md and of the page's own state. Times of the box are µs UTC. */

export type Facts = Record<string, any>;
export interface Name { zh: string; en: string }
export interface Station { id: string; name: string | Name; printers: string[] }
export interface Session {
  id: string;
  person: { id: string; name: Name; roles: string[] };
  device: string;
  station: Station | null;
  opened_at: number;
  task: TaskView | null;
}
export interface Frozen { category: string; due_at: number }
export interface TaskOrder {
  id: string; slot: number; tote: string | null; frozen: Frozen | null; ended: string | null;
  risk_pm?: number; tags?: string[]; note?: string;
}
export interface Step {
  no: number; order: string; slot: number; line: number; sku: string; name: Name; gift: boolean;
  location: string; zone: string; qty: number; picked: number; found: number | null;
  done: boolean; check: 'each' | 'confirm'; scanned: boolean;
  expect: { location: string[]; codes: string[]; qty: number; on_wrong: string };
}
export interface TaskView {
  id: string; rev: number; lane: '24h' | 'normal'; state: 'open' | 'taken' | 'done';
  picker: string | null; picker_name: Name | null; created_at: number; at: string | null;
  current: number | null; orders: TaskOrder[]; steps: Step[]; tote_required?: boolean;
}
export interface TaskShort extends Omit<TaskView, 'steps'> {
  pieces: number; lines: number; zones: string[];
}
export interface Refusal { code: string; facts?: Facts; hint?: string }
export interface PackLine {
  no: number; sku: string; name: Name; qty: number; checked: number; gift: boolean;
  tracked: boolean; service: boolean; check: 'each' | 'confirm'; done: boolean; codes: string[];
}
export interface PrintJob { id: string; state: string; printer: string; reason: string | null }
export interface PackView {
  order: string; state: string; station: string | null; tote: string | null; lines: PackLine[];
  frozen: Frozen | null; ready: boolean; missing: number[];
  parcel: {
    waybill: string | null; carrier: string; copies: number; grade: string; job: PrintJob | null;
  };
  why_not: Record<string, Refusal[]>;
}
export interface Waiting {
  id: string; tote: string | null; lane: string; since: number; lines: number; gifts: number;
  state: string;
}
export interface PutBack {
  sku: string; name?: Name; location?: string; qty: number; done: number;
}
export interface OrderView { id: string; state: string; put_back?: PutBack[] }
export interface Alarm { id: string; code: string; facts: Facts; raised_at: number }
export interface Reason { code: string; zh: string; en: string }
export type Reasons = Record<'short' | 'reprint' | 'release', Reason[]>;

export interface Command {
  v: 1; id: string; kind: string; device: string; session_id: string; captured_at: number;
  data: Facts;
}
export interface Answer {
  t?: string; ok: boolean; id: string; status?: number; next?: string; facts?: Facts;
  code?: string; hint?: string; repeated?: boolean;
}
/** A command in the outbox; `said` is what the page itself made of it when it was kept. */
export interface Kept { seq: number; cmd: Command; said: Verdict; tries: number; parked?: boolean }
export interface Verdict { ok: boolean; code: string; facts: Facts }
export interface BoxEntry {
  seq: number; at: number; kind: string; subject: string; refs: string[]; device: string; data: Facts;
}

export type Tone = 'kept' | 'good' | 'wrong' | 'stop' | 'info';
export interface Notice { tone: Tone; key: string; facts: Facts; hint: string; seq: number }
export type Screen = 'signin' | 'tasks' | 'pick' | 'pack' | 'handover' | 'putback' | 'status';
export type Dialog =
  | { kind: 'menu' }
  | { kind: 'help' }
  | { kind: 'qty'; title: string; label: string; max: number; preset: number; text: string }
  | { kind: 'reason'; list: keyof Reasons }
  | { kind: 'pin'; text: string; busy: boolean; error: Refusal | null };
export interface State {
  screen: Screen; session: Session | null; task: TaskView | null; outbox: Kept[];
  link: 'connecting' | 'up' | 'down'; hub: string; hubLag: number; box: string;
  cursor: number; clockOffsetUs: number;
  tasks: TaskShort[] | null; chosen: string[];
  packing: Waiting[] | null; pack: PackView | null; shipped: string | null;
  handed: { order_id: string; waybill: string }[];
  putbacks: OrderView[] | null; putback: string | null;
  alarms: Alarm[]; notice: Notice | null; noticeSeq: number; skipped: number[];
  dialog: Dialog | null; reasons: Reasons | null; station: string | null;
  shell: { worker: string; persisted: boolean | null; version: string; secure: boolean };
  sound: boolean; lang: 'zh' | 'en'; theme: 'auto' | 'light' | 'dark'; prefix: string;
}
export type Event = { type: string; [k: string]: any };

declare global {
  /** Set by boot.js. */
  var floorLook: (lang: string, theme: string) => void;
  var floorStopped: boolean | undefined;
  /** Chromium's Trusted Types; absent elsewhere. */
  var trustedTypes: undefined | {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): {
      createScriptURL(url: string): unknown;
    };
  };
}
