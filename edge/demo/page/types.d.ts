// What the demo page's API gives (edge/demo/desk.py), and what the panels need of the page.

type Door = 'pda' | 'station';
type Name = { zh: string; en: string };
type Person = { id: string; name: Name; roles: string[] };

interface Site {
  doors: Record<Door, number>;
  hub: string;
  people: (Person & { badge: string; pin: string })[];
  stations: string[];
  totes: string[];
  locations: string[];
  items: { sku: string; code: string; name: Name }[];
}

interface OrderShort {
  id: string; state: string; state_name: Name; lane: string; tags: string[]; tote: string | null;
  frozen: { category: string; due_at: number }[];
}

interface Label { printer: string; n: number; at: number; text: string }

interface Step { door: Door | null; say: string; codes: string[]; facts: Record<string, unknown>; pin: string }

interface DemoState {
  orders: OrderShort[];
  counts: Record<string, number>;
  hub: { up: boolean; lag: number };
  rules: string;
  switches: Record<string, boolean>;
  bots: { at_work: number; scans: number };
  labels: Label[];
  people: Record<Door, Person | null>;
  step: Step;
}

interface Entry { at: number; kind: string; actor: string; data: Record<string, any> }

interface Story {
  order: OrderShort;
  box: Entry[];
  hub: {
    state: string | null; routing: { score_pm: number } | null;
    instructions: { kind: string; outcome: string | null }[]; entries: Record<string, number>;
  };
}

interface Demo {
  site: Site;
  state: DemoState;
  chosen: string | null;
  story: Story | null;
  rule: Record<string, number>;
  hot(code: string): boolean;
  turn(): number;
  sequence(): { code: string; pin: string }[];
  target(): Door;
  aim(door: Door): void;
  scan(code: string, door?: Door | null): void;
  type(digits: string, door: Door | null): void;
  choose(order: string | null): Promise<void>;
  act(path: string, body: unknown): Promise<void>;
}
