// An item, for the staff: how far did people get, where do they leave, who is on it?
import { h, Component } from 'preact';
import { courseApi } from '../api.js';
import { Bar, Chart, Twin } from '../charts.jsx';
import { Following } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Card, Choice, Empty, Figures, Head, Name, Pager, State, Table, readAgain, titleOf, typeName } from '../parts.jsx';
import { go, here, to, withQuery } from '../route.js';
import { who } from '../who.js';
import { t } from '../words.js';
import { courseCrumbs } from './course.jsx';

const HERE_MS = 15000; // somebody is here whose message came within this

export class Item extends Component {
  constructor(props) {
    super(props);
    this.state = { here: {} };
    title(props.itemId);
  }
  componentWillUnmount() {
    clearInterval(this.sweep);
  }
  componentDidMount() {
    this.sweep = setInterval(() => {
      const alive = Object.entries(this.state.here).filter(([, { seen }]) => seen + HERE_MS > Date.now());
      if (alive.length !== Object.keys(this.state.here).length) this.setState({ here: Object.fromEntries(alive) });
    }, 1000);
  }
  told(message) {
    if (message.type === 'progress') this.setState(({ here: before }) => ({ here: { ...before, [message.userId]: { ...message, seen: Date.now() } } }));
    readAgain();
  }

  retention(summary) {
    const { retention, durationSeconds } = summary;
    const present = Object.values(this.state.here);
    if (!retention.length) return <Card title={t('retention')}><p class="mu">{t('noRetention', { average: format.clock(summary.averageWatchedDuration) })}</p></Card>;
    const end = durationSeconds ?? retention[retention.length - 1].to;
    const said = ({ from, to: until, viewers, share }) => t('retentionSaid', { from: format.clock(from), to: format.clock(until), viewers: format.number(viewers), share: format.share(share) });
    return (
      <Card title={t('retention')}>
        <Chart wide kind="steps" points={retention.map((bucket) => ({ value: bucket.viewers, said: said(bucket) }))} label={t('retention')}
          marks={present.filter(({ position }) => position != null).map(({ userId, position }) => ({ key: userId, part: Math.min(1, position / end), name: String(userId) }))}
          ticks={[{ at: 0, text: format.clock(0) }, { at: 1, text: format.clock(end) }]} />
        <Twin label={t('retention')} columns={[t('part'), t('viewers'), t('shareOfViewers')]} rows={retention.map(({ from, to: until, viewers, share }) => [t('fromTo', { from: format.clock(from), to: format.clock(until) }), format.number(viewers), format.share(share)])} />
      </Card>
    );
  }

  learners(query) {
    const { courseId, itemId } = this.props;
    const asked = new URLSearchParams({ page: query.page ?? '1', limit: '20', ...(query.status && { status: query.status }), ...(query.sortBy && { sortBy: query.sortBy, order: query.order ?? 'desc' }) });
    return (
      <section class="card">
        <div class="hd cardhd"><h2>{t('learnersOnItem')}</h2></div>
        <div class="tools"><Choice label={t('stateWord')} value={query.status ?? ''} onChoice={(status) => go(withQuery({ status, page: null }))} options={[['', t('all')], ...['NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'LOCKED'].map((state) => [state, t(`state.${state}`)])]} /></div>
        <Ask path={`${courseApi(courseId)}/items/${encodeURIComponent(itemId)}/learners?${asked}`} size={8} show={({ results, pagination }) => (
          <div>
            {results.length ? (
              <Table caption={t('learnersOnItem')} hideCaption rows={results} rowKey={({ userId }) => userId} sort={{ by: query.sortBy, order: query.order ?? 'desc' }} columns={[
                { key: 'learner', label: t('learner'), head: true, cell: ({ userId }) => <a href={to(['courses', courseId, 'learners', String(userId)], { item: itemId })}><Name of={userId} /></a> },
                { key: 'state', label: t('stateWord'), cell: ({ status }) => <State of={status} /> },
                { key: 'progress', label: t('progress'), sort: 'progress', cell: ({ progressPercent, status }) => <span class="barred"><Bar value={progressPercent} done={status === 'COMPLETED'} label={format.percent(progressPercent)} /> {format.percent(progressPercent)}</span> },
                { key: 'position', label: t('position'), num: true, opt: true, cell: ({ position }) => format.clock(position) },
                { key: 'time', label: t('timeSpent'), num: true, opt: true, sort: 'timeSpent', cell: ({ timeSpent }) => format.span(timeSpent) },
                { key: 'score', label: t('score'), num: true, opt: true, sort: 'score', cell: ({ score, maxScore }) => (score == null ? format.NONE : maxScore == null ? format.number(score) : t('scoreOf', { score: format.number(score), most: format.number(maxScore) })) },
                { key: 'done', label: t('completedAt'), num: true, opt: true, sort: 'completedAt', cell: ({ completedAt }) => format.date(completedAt) },
                { key: 'last', label: t('last'), num: true, opt: true, sort: 'updatedAt', cell: ({ updatedAt }) => format.date(updatedAt) },
              ]} />
            ) : <Empty>{pagination.total ? t('beyondEnd') : query.status ? t('noLearnerFits') : t('noEnrolments')}</Empty>}
            <Pager of={pagination} what={t('learners')} />
          </div>
        )} />
      </section>
    );
  }

  render({ courseId, itemId }) {
    const { query } = here();
    const present = Object.values(this.state.here);
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? { courseId, videoId: itemId } : null} onMessage={(message) => this.told(message)} />
        <Ask path={`${courseApi(courseId)}/analytics`} size={2} heading={itemId} show={({ results }) => {
          const one = results.contents.find(({ contentId }) => String(contentId) === itemId);
          if (one?.title) title(one.title);
          return (
            <div class="stackable">
              <Head title={titleOf(one?.title, itemId)} crumbs={courseCrumbs(courseId)} note={one ? <span><Name of={typeName(one.type)} />{one.required ? null : <span>, {t('optional')}</span>}</span> : null} />
              {one ? <Figures of={[
                [t('ofTotal', { part: format.number(one.completionCount), total: format.number(results.totalEnrollments) }), t('completedOfEnrolments')],
                [format.number(one.startedCount), t('startedBy')], [format.span(one.avgDuration), t('averageTimeSpent')], [format.percent(one.averageScorePercent), t('averageScore')],
              ]} /> : null}
            </div>
          );
        }} />
        <Ask path={`progress/summary/${encodeURIComponent(itemId)}`} size={6} show={(summary) => (summary.retention.length || summary.averageWatchedDuration ? (
          <div class="stackable">
            <Figures of={[[format.number(summary.viewers), t('viewersOf')], [format.clock(summary.averageWatchedDuration), t('averageWatched')], [summary.viewers ? format.share(summary.completionRate) : format.NONE, t('completionOfViewers')]]} />
            {this.retention(summary)}
          </div>
        ) : null)} />
        {present.length ? (
          <Card title={t('hereNow')}>
            <ul class="here">{present.map(({ userId, position, progressPercent }) => <li key={userId}><a href={to(['courses', courseId, 'learners', String(userId)], { item: itemId })}><Name of={userId} /></a> <span class="mu">{position == null ? format.percent(progressPercent) : t('at', { position: format.clock(position) })}</span></li>)}</ul>
          </Card>
        ) : null}
        {this.learners(query)}
      </div>
    );
  }
}
