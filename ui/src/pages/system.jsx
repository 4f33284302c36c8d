// The administrator's first page: is it healthy, what happens?
import { h, Component } from 'preact';
import { Following } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Card, Empty, Figures, Head, Name, SaveButton, State, Table, readAgain, say } from '../parts.jsx';
import { here, to, withQuery } from '../route.js';
import { who } from '../who.js';
import { t, has } from '../words.js';

const EVERY_MS = 5000;
const KEPT = 100;
const ACTS = 20;
const MOST_ACTS = 1000; // in a file
const AUDIT = 'api/v1/audit?';

const ms = (value) => (value == null ? format.NONE : t('milliseconds', { value: format.number(value) }));

export class System extends Component {
  constructor(props) {
    super(props);
    this.state = { feed: [], paused: false };
    title(t('menu.system'));
  }
  componentDidMount() {
    this.timer = setInterval(() => document.hidden || readAgain((path) => path === 'api/v1/system' || path === 'readyz' || path.startsWith(AUDIT)), EVERY_MS);
  }
  componentWillUnmount() {
    clearInterval(this.timer);
  }
  told(message) {
    if (!this.state.paused) this.setState(({ feed }) => ({ feed: [message, ...feed].slice(0, KEPT) }));
  }

  facts(rows) {
    return <dl class="facts">{rows.filter(([, value]) => value !== undefined).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
  }

  figures({ version, startedAt, store, writes, reads, refused, memory, push, upstreams, nodes }) {
    return (
      <div class="stackable">
        <Figures of={[
          [format.number(writes.perSecond), t('writesPerSecond')], [format.number(reads.perSecond), t('readsPerSecond')],
          [ms(writes.commitMs.p50), t('commitHalf')], [ms(writes.commitMs.p99), t('commitMost')],
          [format.bytes(memory.rssBytes), t('memoryUsed')], [format.number(push.subscribers), t('streams')],
        ]} />
        <div class="g21">
          <Card title={t('store')}>{this.facts([
            [t('kind'), <Name of={store.kind} />], [t('eventsStored'), format.number(store.events)], [t('sequence'), format.number(store.sequence)], [t('flushed'), format.number(store.flushedSequence)],
            [t('onDisk'), format.bytes(store.bytes)], [t('batchMean'), format.number(writes.batchMean)], [t('queued'), format.number(writes.queued)],
          ])}</Card>
          <Card title={t('held')}>{this.facts([
            [t('learners'), format.number(memory.learners)], [t('courses'), format.number(memory.courses)], [t('items'), format.number(memory.items)],
            [t('messagesPerSecond'), format.number(push.messagesPerSecond)], [t('version'), <Name of={version} />], [t('startedAt'), format.time(startedAt)],
          ])}</Card>
          <Card title={t('refused')}>{Object.keys(refused ?? {}).length ? this.facts(Object.entries(refused).map(([name, count]) => [<Name of={has(`refused.${name}`) ? t(`refused.${name}`) : name} />, format.number(count)])) : <Empty>{t('nothingRefused')}</Empty>}</Card>
          <Card title={t('others')}>
            {upstreams.length || nodes.length ? <div>
              {this.facts(upstreams.map(({ name, url, state, failures }) => [<span title={url ?? undefined}><Name of={name} /></span>, <span><Name of={state} />{failures ? <span>, {t('failures', { n: failures })}</span> : null}</span>]))}
              {this.facts(nodes.map(({ id, sequence, lag }) => [<Name of={id} />, t('nodeSaid', { sequence: format.number(sequence), lag: format.number(lag) })]))}
            </div> : <Empty>{t('noOthers')}</Empty>}
          </Card>
        </div>
      </div>
    );
  }

  feed({ feed, paused }) {
    return (
      <Card title={t('stream')} actions={<button type="button" class="btn" data-key="space" aria-pressed={paused ? 'true' : 'false'} onClick={() => this.setState({ paused: !paused }, () => say(t(paused ? 'goesOn' : 'paused')))}>{t(paused ? 'goOn' : 'pause')}</button>}>
        <p class="sm mu">{t('streamText', { n: KEPT })}</p>
        {feed.length ? (
          <ol class="history feed">
            {feed.map((message) => (
              <li key={message.id}>
                <time class="mu sm" dateTime={message.updatedAt}>{message.updatedAt ? format.timeOfDay(message.updatedAt) : null}</time>
                <div>
                  <a href={to(['learners', String(message.userId)])}><Name of={message.userId} /></a>{' '}{has(`event.${message.type}`) ? t(`event.${message.type}`) : message.type}{' '}
                  {message.videoId != null ? <b><Name of={message.videoId} /></b> : null}{' '}
                  {message.courseId != null ? <span class="mu">{t('in')} <a href={to(['courses', String(message.courseId)])}><Name of={message.courseId} /></a></span> : null}{' '}
                  {message.type === 'log' ? null : <State of={message.videoId != null ? message.status : message.enrollmentStatus} />}{' '}{message.type === 'progress' ? format.percent(message.progressPercent) : null}
                </div>
              </li>
            ))}
          </ol>
        ) : <Empty>{t('noMessage')}</Empty>}
      </Card>
    );
  }

  // Who did what to whom, a page of it: the place to go on from is in the address.
  audit(cursor) {
    const link = (id, ...parts) => (id == null ? format.NONE : <a href={to([...parts, id])}><Name of={id} /></a>);
    return (
      <Card title={t('audit')} id="audit" actions={<SaveButton path={`${AUDIT}limit=${MOST_ACTS}`} name="audit.csv" label={t('csv')} />}>
        <p class="sm mu">{t('auditText')}</p>
        <Ask path={`${AUDIT}limit=${ACTS}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`} size={5} show={({ audit, nextCursor }) => (
          <div>
            {audit.length ? (
              <Table caption={t('audit')} hideCaption rows={audit} rowKey={({ eventId }) => eventId} columns={[
                { key: 'at', label: t('when'), cell: ({ at }) => <time dateTime={at} title={format.time(at)}>{format.date(at)}<span class="opt">, {format.timeOfDay(at)}</span></time> },
                { key: 'who', label: t('whoWord'), head: true, cell: ({ who: actor }) => <Name of={actor} /> },
                { key: 'what', label: t('what'), cell: ({ what, result }) => <span><Name of={has(`act.${what}`) ? t(`act.${what}`) : what} />{result === 'unchanged' ? <span class="mu">, {t('unchanged')}</span> : null}</span> },
                { key: 'whom', label: t('whom'), cell: ({ whom }) => link(whom, 'learners') },
                { key: 'course', label: t('course'), opt: true, cell: ({ courseId }) => link(courseId, 'courses') },
                { key: 'item', label: t('item'), opt: true, cell: ({ courseId, itemId }) => (courseId == null ? <Name of={itemId} /> : link(itemId, 'courses', courseId, 'items')) },
                { key: 'face', label: t('face'), opt: true, cell: ({ face }) => <span class="mu"><Name of={face} /></span> },
              ]} />
            ) : <Empty>{t(cursor ? 'noActBefore' : 'noAct')}</Empty>}
            {cursor || nextCursor ? <nav class="pager" aria-label={t('pages', { what: t('audit') })}>
              {cursor ? <a class="btn" data-page="previous" href={withQuery({ before: null })}>{t('newest')}</a> : null}
              {nextCursor ? <a class="btn" data-page="next" href={withQuery({ before: nextCursor })}>{t('older')}</a> : null}
            </nav> : null}
          </div>
        )} />
      </Card>
    );
  }

  render(props, state) {
    const { before } = here().query;
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? {} : null} onMessage={(message) => this.told(message)} />
        <Head title={t('menu.system')} note={<Ask path="readyz" size={1} otherwise={() => <b class="bad">{t('notReady')}</b>} show={({ status, reasons }) => <span>{status === 'ready' ? t('ready') : <b class="bad"><Name of={status} /></b>}{reasons.map((reason) => <span key={reason}>, {reason}</span>)}</span>} />} />
        <Ask path="api/v1/system" size={8} show={(system) => this.figures(system)} />
        {this.feed(state)}
        {this.audit(before)}
      </div>
    );
  }
}
