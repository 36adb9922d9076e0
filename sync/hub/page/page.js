// The hub's one page: boxes, orders, and the story of one order. Reads the JSON API only.

const TEXTS = {
  zh: {
    title: "订单中枢", boxes: "边缘盒", orders: "订单", story: "订单经过", order_id: "订单号",
    show: "查看", language: "English", box: "边缘盒", link: "连接", up: "在线", down: "离线",
    received: "已收条目", lag: "未到条目", instructions: "指令（已记账/已发）", skew: "时钟差 (ms)",
    trouble: "异常", fork: "分叉：此盒上行已隔离", state: "现场状态", sent: "已下发", time: "时间",
    what: "事件", who: "人员/设备", data: "内容", routing: "路由决定", answer: "答复",
    order_unknown: "没有此订单，请核对订单号", link_lost: "连接中断", bad_token: "注册令牌不符",
    token_spent: "注册令牌已用过", wrong_key: "密钥与注册时不同", version: "协议版本不通",
    epoch_behind: "此盒由旧备份恢复，须开新纪元", superseded: "同一盒重复连接",
    malformed: "收到无法识别的数据", bad_signature: "签名不符",
    not_done_hint: "点边缘盒的名字，看它搁置或拒绝了哪些指令、为什么",
    not_done: "搁置和拒绝的指令",
    applied: "已执行", refused: "已拒绝", set_aside: "已搁置", none: "暂无", parked: "无法解读，已保存",
  },
  en: {
    title: "Order hub", boxes: "Boxes", orders: "Orders", story: "One order's story",
    order_id: "Order id", show: "Show", language: "中文", box: "Box", link: "Link", up: "up",
    down: "down", received: "Entries held", lag: "Entries behind",
    instructions: "Instructions (journalled/sent)", skew: "Clock skew (ms)", trouble: "Trouble",
    fork: "Fork: this box's uplink is quarantined", state: "Floor state", sent: "sent",
    time: "Time", what: "Event", who: "Person / device", data: "Data", routing: "Routing decision",
    not_done_hint: "Press a box to see what it set aside or refused, and why",
    not_done: "Instructions set aside or refused", answer: "Answer",
    applied: "applied", refused: "refused", set_aside: "set aside",
    none: "nothing yet", parked: "unreadable, kept",
  },
};
const REFRESH_MS = 3000;
/** Before the id of a box in the address; an order's stands alone. */
const BOX = "@";
const $ = (id) => document.getElementById(id);
const native = navigator.language.startsWith("zh") ? "zh" : "en";
let language = localStorage.getItem("language") ?? native;
let shown = decodeURIComponent(location.hash.slice(1));
const text = (key) => TEXTS[language][key] ?? key;

function cell(content) {
  const td = document.createElement("td");
  td.append(content instanceof Node ? content : String(content ?? "—"));
  return td;
}

function table(heads, rows) {
  if (!rows.length) return document.createTextNode(text("none"));
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const key of heads) {
    const th = document.createElement("th");
    th.textContent = text(key);
    head.append(th);
  }
  const body = made.createTBody();
  for (const row of rows) body.insertRow().append(...row.map(cell));
  return made;
}

function marked(content, className) {
  const span = document.createElement("span");
  span.textContent = content;
  span.className = className;
  return span;
}

function pretty(value) {
  const pre = document.createElement("pre");
  pre.textContent = JSON.stringify(value, null, 1);
  return pre;
}

function answered(instruction) {
  if (!instruction.outcome) return "—";
  if (!instruction.why) return text(instruction.outcome);
  const why = document.createElement("span");
  why.append(marked(`${text(instruction.outcome)} · ${instruction.why.code}`, "bad"));
  why.append(pretty(instruction.why.facts));
  return why;
}

function link(to, name) {
  const a = document.createElement("a");
  a.href = `#${encodeURIComponent(to)}`;
  a.textContent = name;
  return a;
}

const when = (us) => new Date(us / 1000).toLocaleString(language === "zh" ? "zh-CN" : "en-GB");
const get = async (path) => (await fetch(path)).json();

async function showBoxes() {
  const { boxes } = await get("/api/v1/boxes");
  $("boxes").replaceChildren(table(
    ["box", "link", "received", "lag", "instructions", "skew", "trouble"],
    boxes.map((box) => [
      link(BOX + box.box, box.name || box.box),
      box.is_up ? marked(text("up"), "good") : marked(text("down"), "bad"),
      box.up_cursor, box.lag_entries, `${box.down_cursor} / ${box.instructions}`,
      box.skew_us === null ? "—" : Math.round(box.skew_us / 1000),
      box.quarantine ? marked(text("fork"), "bad") : text(box.last_error) || "—",
    ]),
  ));
}

async function showNotDone() {
  const name = shown.startsWith(BOX) ? shown.slice(BOX.length) : "";
  $("box").hidden = !name;
  $("no-box").hidden = Boolean(name);
  if (!name) return;
  const { ok, code, box } = await get(`/api/v1/boxes/${encodeURIComponent(name)}`);
  $("box").firstElementChild.textContent = `${ok ? box.name || name : name} · ${text("not_done")}`;
  if (!ok) return $("not-done").replaceChildren(marked(text(code), "bad"));
  const told = [...box.set_aside, ...box.refused].sort((a, b) => b.dseq - a.dseq);
  $("not-done").replaceChildren(table(
    ["time", "what", "order_id", "answer"],
    told.map((i) => [
      when(i.issued_us), i.kind, i.order_id ? link(i.order_id, i.order_id) : "—", answered(i),
    ]),
  ));
}

async function showOrders() {
  const { orders } = await get("/api/v1/orders");
  $("orders").replaceChildren(table(
    ["order_id", "box", "state", "time"],
    orders.map((o) => [
      link(o.order_id, o.order_id), o.box, o.state ?? text("sent"), when(o.at_us),
    ]),
  ));
}

async function showStory() {
  $("story").hidden = !shown || shown.startsWith(BOX);
  if ($("story").hidden) return;
  const story = await get(`/api/v1/orders/${encodeURIComponent(shown)}`);
  if (!story.ok) return $("one").replaceChildren(marked(text(story.code), "bad"));
  const title = document.createElement("p");
  title.textContent = `${story.order_id} · ${text("state")}: ${story.state ?? text("sent")}`;
  $("one").replaceChildren(
    title,
    table(["routing"], story.routing ? [[pretty(story.routing)]] : []),
    table(["time", "what", "answer"], story.instructions.map((i) => [
      when(i.issued_us), i.kind, answered(i),
    ])),
    table(["time", "what", "who", "data"], story.entries.map((e) => e.kind
      ? [when(e.at_us), `${e.seq} ${e.kind}`, `${e.actor} ${e.device}`, pretty(e.data)]
      : [when(e.received_us), `${e.seq} ${text("parked")}`, "", ""])),
  );
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `Floorgate · ${text("title")}`;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = text(node.dataset.text);
  }
  $("language").textContent = text("language");
}

async function refresh() {
  speak();
  await Promise.all([showBoxes(), showNotDone(), showOrders(), showStory()]).catch(() => {});
}

$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  localStorage.setItem("language", language);
  refresh();
});
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = encodeURIComponent(new FormData($("find")).get("id").trim());
});
addEventListener("hashchange", () => {
  shown = decodeURIComponent(location.hash.slice(1));
  refresh();
});
setInterval(refresh, REFRESH_MS);
refresh();
