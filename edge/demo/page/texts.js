// Every text of the demo page, in both languages. `{name}` takes a fact.

/** @type {Record<string, [string, string]>} zh, en */
const TEXTS = {
  title: ['演示', 'demo'],
  open_hub: ['订单中枢', 'Order hub'],
  theme: ['明 / 暗', 'Light / dark'],
  other_lang: ['English', '中文'],
  'door.pda': ['PDA · 拣货', 'PDA · picking'],
  'door.station': ['打包台', 'Packing station'],
  nobody: ['未登录', 'nobody signed in'],
  labels: ['打印出的面单（最新在前，点一下即扫描）', 'Printed labels, newest first: click one to scan it'],
  no_labels: ['还没有面单。打包完成后在这里出现。', 'None yet. They come out here when an order is packed.'],
  'tab.codes': ['条码', 'Codes'],
  'tab.trouble': ['找麻烦', 'Make trouble'],
  'tab.orders': ['订单', 'Orders'],
  next: ['下一步', 'Next step'],
  click: ['点条码 = 用扫描枪扫它', 'A click on a code scans it'],
  scan_into: ['扫到', 'Scan into'],
  type_pin: ['输入 PIN', 'Type the PIN'],
  people: ['工牌', 'Badges'],
  cards: ['指令卡', 'Command cards'],
  stations: ['打包台', 'Stations'],
  totes: ['周转箱', 'Totes'],
  locations: ['库位', 'Locations'],
  items: ['商品', 'Items'],
  'card.OK': ['确认', 'OK'],
  'card.SHORT': ['缺货', 'Short'],
  'card.SKIP': ['稍后', 'Later'],
  'card.UNDO': ['返回', 'Back'],
  'card.HELP': ['帮助', 'Help'],
  'role.picker': ['拣货员', 'Picker'],
  'role.packer': ['打包员', 'Packer'],
  'role.keeper': ['仓管员', 'Keeper'],
  'role.leader': ['组长', 'Shift leader'],
  'role.supervisor': ['仓库主管', 'Supervisor'],
  'role.admin': ['管理员', 'Admin'],
  'sw.wan': ['外网（盒子 ↔ 中枢）', 'WAN (box to hub)'],
  'sw.wan_hint': ['断开后现场照常工作，恢复后自动补传。', 'Off: the floor goes on; all is sent when it is back.'],
  'sw.wifi': ['Wi-Fi(PDA ↔ 盒子)', 'Wi-Fi (PDAs to box)'],
  'sw.wifi_hint': [
    '断开后 PDA 继续手上的任务，扫描先存本机。',
    'Off: a PDA goes on with its task and keeps the scans.',
  ],
  'sw.tspl': ['打印机 P1 有纸(TSPL)', 'Printer P1 has paper (TSPL)'],
  'sw.zpl': ['打印机 P2 有纸(ZPL)', 'Printer P2 has paper (ZPL)'],
  'sw.paper_hint': [
    '缺纸时面单等待，上纸后自动继续，绝不重复。',
    'Out: labels wait and go on by themselves, never twice.',
  ],
  'sw.bots': ['机器人拣货员和打包员', 'Bots that pick and pack'],
  'sw.bots_hint': [
    '只用公开接口，和人一样工作。已扫描 {scans} 次。',
    'They use the public API alone. {scans} scans so far.',
  ],
  on: ['开', 'On'],
  off: ['断', 'Off'],
  rule: ['推送新规则（当前 {rules}）', 'Push a new rule (now {rules})'],
  'rule.each_max': ['超过几件改为点数', 'Count instead of scanning above, pieces'],
  'rule.tier_one': ['第一档赠品，元', 'First gift tier, yuan'],
  'rule.tier_two': ['第二档赠品，元', 'Second gift tier, yuan'],
  'rule.push': ['推送', 'Push'],
  'rule.hint': [
    '由中枢签名下发，盒子检查后立即生效，无需重启。',
    'Signed by the hub, checked by the box, in force at once.',
  ],
  cancel: ['取消订单', 'Cancel this order'],
  cancel_hint: [
    '中枢拦截：15 秒倒计时，PDA 立即告警。',
    'The hub intercepts: a 15 s countdown, the PDA alarms at once.',
  ],
  more_orders: ['再来一批订单', 'More orders'],
  choose_order: ['选一个订单，看它的全过程。', 'Choose an order to see its story.'],
  frozen: ['冻结', 'frozen'],
  story: ['现场记录（盒子账本）', 'What the floor did (box journal)'],
  hub_view: ['中枢所见', 'What the hub sees'],
  hub_state: ['状态', 'State'],
  hub_entries: ['收到条目', 'Entries received'],
  hub_routing: ['路由得分', 'Routing score'],
  hub_told: ['下发指令', 'Instructions sent'],
  agree: ['两边一致', 'Both agree'],
  differ: ['尚未同步', 'Not in step yet'],
  back: ['返回', 'Back'],
  hub_up: ['中枢在线', 'hub up'],
  hub_down: ['中枢断开', 'hub away'],
  lag: ['待传 {lag}', '{lag} to send'],
  lost: ['演示服务没有回应：{problem}', 'The demo does not answer: {problem}'],
  done_toast: ['已发出', 'Sent'],
  'coach.sign_in': [
    '从 PDA 开始：扫拣货员工牌，输入 PIN，再扫“确认”卡。',
    'Begin at the PDA: scan the picker’s badge, type the PIN, scan the OK card.',
  ],
  'coach.take': [
    '扫“确认”卡领取第一个任务。屏幕上还是做完的任务时，先扫一次离开。',
    'Scan the OK card to take the first task; once more if a finished task is still shown.',
  ],
  'coach.tote': [
    '拿一个空周转箱，扫箱码，绑定订单 {order}。',
    'Take an empty tote and scan it: it is bound to order {order}.',
  ],
  'coach.location': [
    '走到库位 {location}，扫库位码。试试扫错：会立刻被拒绝。',
    'Go to {location} and scan the bin. Try a wrong one: it is refused at once.',
  ],
  'coach.item': [
    '取出「{name}」，扫商品条码({picked}/{qty})。',
    'Take “{name}” and scan it ({picked} of {qty}).',
  ],
  'coach.quantity': [
    '数量多，不必逐件扫：数够 {qty} 件，扫“确认”卡。',
    'Many pieces are counted: count {qty}, then scan the OK card.',
  ],
  'coach.sign_in_station': [
    '货拣齐了。到打包台：扫台码、打包员工牌，输入 PIN，再扫“确认”卡。',
    'Picked. At the station: scan the station, the packer’s badge, type the PIN, scan OK.',
  ],
  'coach.no_station': [
    '这块屏幕还没有绑定打包台：在菜单 ☰ 退出，扫台码，再登录。',
    'This screen has no station: sign out in the menu ☰, scan the station, sign in again.',
  ],
  'coach.open': ['扫周转箱 {tote}，打开订单 {order} 复核。', 'Scan tote {tote} to open order {order}.'],
  'coach.check': [
    '每件再扫一次：「{name}」({checked}/{qty})。',
    'Every piece is scanned again: “{name}” ({checked} of {qty}).',
  ],
  'coach.check_many': [
    '扫「{name}」，数够 {qty} 件后扫“确认”卡。',
    'Scan “{name}”, count {qty}, then scan the OK card.',
  ],
  'coach.gift': ['放入赠品「{name}」，扫“确认”卡。', 'Put in the gift “{name}” and scan the OK card.'],
  'coach.finish': ['全部复核完。扫“确认”卡，打印面单。', 'All checked. Scan the OK card: the label is printed.'],
  'coach.print': ['扫“确认”卡打印面单。', 'Scan the OK card to print the label.'],
  'coach.printing': [
    '面单 {waybill} 正在打印。迟迟不出来？看看打印机有没有纸。',
    'Label {waybill} is printing. Nothing comes? Look whether the printer has paper.',
  ],
  'coach.prove': [
    '面单出来了。贴上，扫它的二维码：只有这样才算“已发货”。',
    'The label is out. Stick it on and scan its QR: only that makes the order shipped.',
  ],
  'coach.handover': [
    '已发货！交给承运商：打包台菜单 ☰ →「交接」，再扫面单。',
    'Shipped! To hand it over: menu ☰ of the station, “Hand over”, then scan the label.',
  ],
  'coach.alarm': [
    '停！订单 {order} 被中枢拦截。扫“确认”卡确认告警。',
    'Stop! The hub intercepts order {order}. Scan the OK card to acknowledge.',
  ],
  'coach.frozen': ['订单 {order} 已冻结，等倒计时结束。', 'Order {order} is frozen until the countdown ends.'],
  'coach.put_back': [
    '已取消的货要归位：PDA 菜单 ☰ →「归位」，扫「{name}」，放回 {location}。',
    'Cancelled goods go back: PDA menu ☰, “Put back”, scan “{name}”, return it to {location}.',
  ],
  'coach.waybill_reprint': [
    '没打出来：在打包台点「重打」并选原因。',
    'It did not come out: press “Print again” at the station and choose why.',
  ],
  'coach.waybill_resolve': [
    '不确定面单有没有打出：看看打印机，在打包台回答。',
    'Nobody knows whether the label came out: look, then answer at the station.',
  ],
  'coach.wait': ['稍等……', 'One moment…'],
  'coach.bots': [
    '机器人正在干活：看「订单」里的状态和下面打出的面单。',
    'Bots are at work: watch the orders, and the labels below.',
  ],
  'coach.done': [
    '订单都处理完了。在「订单」里再来一批，再去「找麻烦」试试断网、缺纸和新规则。',
    'All orders are done. Get more under “Orders”, then try “Make trouble”.',
  ],
  'kind.order.assigned': ['中枢派单', 'assigned by the hub'],
  'kind.order.moved': ['状态变化', 'moved'],
  'kind.stock.moved': ['库存移动', 'stock moved'],
  'kind.task.made': ['生成任务', 'task made'],
  'kind.task.taken': ['领取任务', 'task taken'],
  'kind.task.released': ['退回任务', 'task released'],
  'kind.task.finished': ['任务完成', 'task finished'],
  'kind.tote.bound': ['绑定周转箱', 'tote bound'],
  'kind.tote.freed': ['释放周转箱', 'tote freed'],
  'kind.pick.scanned': ['拣货扫描', 'pick scan'],
  'kind.pick.counted': ['确认数量', 'quantity confirmed'],
  'kind.pick.shorted': ['缺货', 'short pick'],
  'kind.pick.late_scan': ['迟到的扫描', 'late scan'],
  'kind.pack.opened': ['开始打包', 'packing begun'],
  'kind.pack.scanned': ['复核扫描', 'pack check'],
  'kind.pack.finished': ['复核完成', 'all checked'],
  'kind.waybill.bound': ['绑定面单号', 'waybill bound'],
  'kind.waybill.proved': ['面单扫描证明', 'label proved by scan'],
  'kind.waybill.voided': ['面单作废', 'label voided'],
  'kind.print.queued': ['进入打印队列', 'print queued'],
  'kind.print.reported': ['打印结果', 'print reported'],
  'kind.gift.granted': ['赠品规则命中', 'gift granted by rule'],
  'kind.freeze.opened': ['冻结', 'frozen'],
  'kind.freeze.closed': ['冻结结束', 'freeze ended'],
  'kind.timer.armed': ['计时开始', 'timer armed'],
  'kind.timer.fired': ['计时到', 'timer fired'],
  'kind.alarm.raised': ['告警', 'alarm raised'],
  'kind.alarm.acked': ['告警已确认', 'alarm acknowledged'],
  'kind.alarm.settled': ['告警已解除', 'alarm over'],
  'kind.putback.opened': ['待归位', 'put-back opened'],
  'kind.putback.scanned': ['归位扫描', 'put back'],
  'kind.handover.scanned': ['交接扫描', 'handed over'],
  'kind.command.refused': ['拒绝', 'refused'],
};

export const lang = () => (document.documentElement.lang.startsWith('zh') ? 'zh' : 'en');

/** @param {any} value a text, or one in both languages */
const plain = (value) => (
  typeof value === 'object' && value ? value[lang()] : String(value ?? '—'));

/**
 * @param {string} key
 * @param {Record<string, unknown>} [facts]
 */
export function t(key, facts = {}) {
  const pair = TEXTS[key];
  if (!pair) return key.replace(/^kind\./, '');
  return pair[lang() === 'zh' ? 0 : 1].replace(/\{(\w+)\}/g, (_, name) => plain(facts[name]));
}

/** @param {{zh: string, en: string}} name */
export const named = (name) => name[lang()];
