// What happened to a learner's records, newest first: who wrote it, through which face, on which device.
import { h, Component } from 'preact';
import { write } from './api.js';
import * as format from './format.js';
import { Ask, Dialog, Empty, Name, State, readAgain, say, titleOf } from './parts.jsx';
import { to, withQuery } from './route.js';
import { t, has } from './words.js';

const PAGE = 12;

/** The words for an event: those of its type and, of a log entry, of what was done. */
const eventWords = ({ event, status }) => {
  const key = event === 'log' ? `event.log.${status}` : `event.${event}`;
  return has(key) ? t(key) : event;
};

export class History extends Component {
  constructor(props) {
    super(props);
    this.state = { back: null };
  }

  // Log entries can be taken back to how they stood right after any of their changes; that is a change too.
  async takeBack() {
    const { userId } = this.props;
    await write('POST', `api/progress/user/${encodeURIComponent(userId)}/rollback`, { to: this.state.back.eventId });
    say(t('takenBack'));
    readAgain();
  }

  row(one, canTakeBack) {
    const { userId, nameOf } = this.props;
    const { eventId, at, clientAt, actor, face, deviceId, itemId, courseId, status, progressPercent } = one;
    return (
      <li key={eventId} data-row={eventId}>
        <time class="mu sm" dateTime={at} title={clientAt ? t('clientAt', { at: format.time(clientAt) }) : undefined}>{format.time(at)}</time>
        <div>
          <span>{eventWords(one)}</span>{' '}
          {itemId != null ? <b><Name of={titleOf(nameOf?.(itemId), itemId)} /></b> : courseId != null ? <b><Name of={courseId} /></b> : null}{' '}
          {status && one.event !== 'log' ? <State of={status} /> : null}{' '}
          {progressPercent != null ? format.percent(progressPercent) : null}
          {one.event === 'log' && one.detail ? <div>{Object.entries(one.detail).map(([name, value]) => <span class="member" key={name}><Name of={name} />: <Name of={value} /></span>)}</div> : null}
          <div class="sm mu">
            {t('by')} <Name of={actor === userId ? t('themselves') : actor} />, {t('through', { face })}
            {deviceId ? <span>, {t('device')} <Name of={deviceId} /></span> : null}
          </div>
        </div>
        {canTakeBack && one.event === 'log' ? <button type="button" class="btn" onClick={() => this.setState({ back: one })}>{t('backToHere')}</button> : null}
      </li>
    );
  }

  render({ userId, courseId, itemId, cursor, canTakeBack, limit = PAGE }, { back }) {
    const asked = new URLSearchParams({ limit, ...(courseId != null && { courseId }), ...(itemId != null && { itemId }), ...(cursor && { cursor }) });
    return (
      <section class="card" aria-label={t('history')}>
        <h2 class="cardhd">{t('history')}</h2>
        <Ask path={`api/v1/users/${encodeURIComponent(userId)}/history?${asked}`} size={5} show={({ history, nextCursor }) => (
          <div>
            {history.length ? <ol class="history">{history.map((one) => this.row(one, canTakeBack))}</ol> : <Empty>{t('noHistory')}</Empty>}
            <nav class="pager" aria-label={t('pages', { what: t('history') })}>
              {cursor ? <a class="btn" href={withQuery({ before: null })}>{t('newest')}</a> : null}
              {nextCursor ? <a class="btn" href={withQuery({ before: nextCursor })}>{t('older')}</a> : null}
            </nav>
          </div>
        )} />
        {back ? (
          <Dialog title={t('backToHere')} yes={t('backToHere')} onYes={() => this.takeBack()} onClose={() => this.setState({ back: null })}>
            <p>{t('backToHereText', { at: format.time(back.at) })}</p>
          </Dialog>
        ) : null}
      </section>
    );
  }
}
