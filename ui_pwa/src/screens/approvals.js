// What superiors decide: the list, and one request with all that it is judged by. A decision is
// chosen here, then signed by badge and PIN on this PDA, whoever is signed in on it.

import { html, nothing } from '../../vendor/lit.js';
import { newId } from '../app.js';
import { shortOrder } from '../core/text.js';
import { choices } from '../parts/choices.js';
import { header, notice, reason } from '../parts/parts.js';
import { chip, empty, row } from '../parts/rows.js';
import { age, card, facts, orderLink, strip, when } from '../parts/sheets.js';

export const approvals = {
  hears: /^approval\./,
  reads: () => ({ approvals: '/approvals' }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    /** @type {ApprovalView[]} */
    const all = app.state.seen.approvals?.approvals ?? [];
    return html`${header(app, t('screen.approvals'))}
      <section class="fill list">${
        all.length
          ? all.map((each) => approvalRow(app, each))
          : empty(t('approval.none'), html`<p class="sub">${t('approval.none_hint')}</p>`)
      }</section>${notice(app)}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const all = app.state.seen.approvals?.approvals ?? [];
    const nth = scan.type === 'command' ? all[scan.name === 'OK' ? 0 : scan.nth - 1] : null;
    if (nth) app.go('approval', nth.id);
    else app.tell('wrong', 'approval.choose');
  },
};

/** @param {App} app @param {ApprovalView} each */
export function approvalRow(app, each) {
  const { t } = app;
  const own = each.asked_by === app.state.session?.person.id;
  return row({
    main: app.name(each.name),
    sub: [
      each.order ? `${t('word.order')} ${shortOrder(each.order)}` : '',
      t(each.asked_by ? 'approval.by' : 'approval.by_rule', { by: each.asked_by }),
      age(app, each.asked_at),
    ]
      .filter(Boolean)
      .join(' · '),
    behind: html`${own ? chip(t('approval.own'), 'tag') : nothing}${
      each.stuck ? chip(t('mark.approval_stuck'), 'bad') : nothing
    }`,
    tone: each.stuck ? 'rush' : '',
    onPress: () => app.go('approval', each.id),
  });
}

export const approval = {
  hears: /^(approval|freeze|order|stock|count)\./,
  /** @param {App} app */
  reads: (app) => ({ approval: `/approvals/${app.state.about}` }),
  /** @param {App} app */
  view(app) {
    const { t } = app;
    const asked = shown(app);
    const back = () => leave(app);
    if (!asked)
      return html`${header(app, t('screen.approval'), back)}
        <section class="fill">${empty(t('approval.loading'))}</section>${notice(app)}`;
    return html`${header(app, app.name(asked.name), back)}
      <div class="standing" role="status">${standing(app, asked)}</div>
      <section class="fill list">
        ${card({ title: t('approval.what'), body: what(app, asked) })}
        ${
          asked.opinions.length
            ? card({ title: t('approval.opinions'), body: opinions(app, asked) })
            : nothing
        }
      </section>${notice(app)}${asked.state === 'open' ? answers(app, asked) : nothing}`;
  },
  /** @param {App} app @param {Scan} scan */
  scan(app, scan) {
    const asked = shown(app);
    const nth = scan.type === 'command' ? asked?.answers[scan.nth - 1] : null;
    if (asked && nth) choose(app, asked, nth.answer);
    else if (scan.type === 'command' && scan.name === 'OK') leave(app);
    else app.tell('wrong', app.state.signing ? 'approval.badge' : 'approval.answer_first');
  },
};

/** @param {App} app @returns {ApprovalView | null} */
function shown(app) {
  const { seen, about } = app.state;
  return seen.approval?.id === about ? seen.approval : null;
}

/** @param {App} app */
function leave(app) {
  const { task, session } = app.state;
  if (task && task.picker === session?.person.id) app.go('pick');
  else app.go('approvals');
}

/** Where it stands, in one strip. @param {App} app @param {ApprovalView} asked */
function standing(app, asked) {
  const { t } = app;
  const { signing } = app.state;
  if (asked.state !== 'open') {
    const ended = asked.answer
      ? t('approval.decided', { answer: does(app, asked, asked.answer) })
      : t(`approval.${asked.state}`);
    return strip(html`<p class="lead">${ended}</p>`, asked.answer === 'deny' ? 'bad' : 'good');
  }
  if (signing)
    return strip(
      html`<p class="lead">${signing.text}</p><p>${t('approval.badge')}</p>`,
      'now',
    );
  const due = asked.due.map((roles) => t('approval.due', { roles }));
  const own = asked.asked_by !== null && asked.asked_by === app.state.session?.person.id;
  return html`${strip(html`<p class="lead">${due.map((d) => html`<span>${d}</span> `)}</p>
      ${own ? html`<p>${t('approval.own_hint')}</p>` : nothing}
      ${asked.stuck ? chip(t('mark.approval_stuck'), 'bad') : nothing}`)}
    ${asked.why_not ? strip(reason(app, asked.why_not), 'bad') : nothing}`;
}

/** @param {App} app @param {ApprovalView} asked */
function what(app, asked) {
  const { t } = app;
  return html`${asked.order ? orderLink(app, asked.order) : nothing}
    <p class="sub">${t(asked.asked_by ? 'approval.by' : 'approval.by_rule', {
      by: asked.asked_by,
    })} · ${when(app, asked.asked_at)}</p>
    ${facts(app, { reason: asked.reason, ...asked.facts })}`;
}

/** @param {App} app @param {ApprovalView} asked */
const opinions = (app, asked) =>
  asked.opinions.map((each) =>
    row({
      main: does(app, asked, each.answer),
      sub: `${each.person} · ${when(app, each.at_us)} ${each.opinion}`,
    }),
  );

/** The answers, with what each will do; they stay in reach however long the facts are. */
/** @param {App} app @param {ApprovalView} asked */
function answers(app, asked) {
  const { t } = app;
  const say = (/** @type {ApprovalView['answers'][number]} */ { answer }) => ({
    text: t(`answer.${answer}`),
    note: note(app, asked, answer),
    pressed: app.state.signing ? app.state.signing.answer === answer : undefined,
    why: app.why('approval.sign') ?? closed(asked, answer),
    tone: answer === 'deny' ? '' : 'choice',
    onPress: () => choose(app, asked, answer),
  });
  return html`<footer class="answers">${choices(app, asked.answers, say)}</footer>`;
}

/** @param {ApprovalView} asked @param {string} answer */
const closed = (asked, answer) => (['deny', 'refer'].includes(answer) ? null : asked.why_not);

/** @param {App} app @param {ApprovalView} asked @param {string} answer */
function note(app, asked, answer) {
  const said = asked.answers.find((each) => each.answer === answer)?.does;
  if (said) return app.name(said);
  return answer === 'refer' ? app.t('approval.refers') : '';
}

/** @param {App} app @param {ApprovalView} asked @param {string} answer */
const does = (app, asked, answer) => note(app, asked, answer) || app.t(`answer.${answer}`);

/** Choose an answer; the badge and the PIN come next. */
/** @param {App} app @param {ApprovalView} asked @param {string} answer */
function choose(app, asked, answer) {
  const why = app.why('approval.sign') ?? closed(asked, answer);
  if (why) {
    app.refuse(why);
    return;
  }
  const text = does(app, asked, answer);
  const { id: approval, facts_hash } = asked;
  const signing = { id: newId(), approval, facts_hash, answer, text };
  app.dispatch({ type: 'quiet' });
  app.dispatch({ type: 'signing', signing });
}
