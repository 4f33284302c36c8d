// A course, for its staff: is it going well, who needs me?
import { h, Component } from 'preact';
import { courseApi } from '../api.js';
import { Bar, Chart, States, Twin, everyDay } from '../charts.jsx';
import { Following, Marks } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Card, Choice, Count, CourseName, Empty, ENROLMENT_STATES, Figures, Head, Name, Pager, SaveButton, Search, State, Still, Table, Trouble, readAgain, say, titleOf, typeName } from '../parts.jsx';
import { go, here, replace, to, withQuery } from '../route.js';
import { has as is, who } from '../who.js';
import { t } from '../words.js';

const FEW = 10;
const DAYS = [7, 14, 30, 90];
const LIMITS = ['20', '50', '100'];

/** The crumbs above everything of one course. */
export const courseCrumbs = (courseId) => [[t('courses'), '#/courses'], [<CourseName id={courseId} />, to(['courses', courseId])]];

export const itemColumns = (courseId, total) => [
  { key: 'item', label: t('item'), head: true, cell: (one) => <a href={to(['courses', courseId, 'items', one.contentId])}><Name of={titleOf(one.title, one.contentId)} /></a> },
  { key: 'type', label: t('type'), opt: true, cell: ({ type, required }) => <span class="mu"><Name of={typeName(type)} />{required ? null : <span>, {t('optional')}</span>}</span> },
  { key: 'share', label: t('share'), opt: true, cell: ({ completionCount }) => <Bar value={completionCount} of={total} label={t('ofLearners', { part: format.number(completionCount), total: format.number(total) })} /> },
  { key: 'completed', label: t('completedBy'), num: true, cell: ({ completionCount }) => <span>{format.number(completionCount)} <span class="mu">{t('ofOnly', { total: format.number(total) })}</span></span> },
  { key: 'started', label: t('startedBy'), num: true, opt: true, cell: ({ startedCount }) => format.number(startedCount) },
  { key: 'score', label: t('averageScore'), num: true, opt: true, cell: ({ averageScorePercent }) => format.percent(averageScorePercent) },
];

const more = (a, b) => (a < b ? 1 : a > b ? -1 : 0);

/** The most completed first, among equals the most started, then as the course has them. */
export const mostCompleted = (contents) => [...contents].sort((a, b) => more(a.completionCount, b.completionCount) || more(a.startedCount, b.startedCount));

export class Course extends Component {
  constructor(props) {
    super(props);
    this.state = { patches: {} };
    this.marks = new Marks(this);
    title(props.courseId);
  }
  componentWillUnmount() {
    this.marks.clear();
  }

  told(message) {
    const key = String(message.userId);
    if (message.enrollmentStatus) {
      this.marks.add(key);
      this.setState(({ patches }) => ({ patches: { ...patches, [key]: message } }));
      say(t('changedLearner', { learner: key }));
    }
    // Rows stay where they are until somebody asks for the new order; the course's figures are read again.
    readAgain((path) => !path.includes('/learners?'));
  }

  newOrder() {
    this.marks.clear();
    this.setState({ patches: {} });
    readAgain((path) => path.includes('/learners?'));
  }

  patched(row) {
    const message = this.state.patches[row.userId];
    if (!message) return row;
    return {
      ...row, lastActivityDate: message.updatedAt ?? row.lastActivityDate,
      enrollments: row.enrollments && { ...row.enrollments, enrollmentStatus: message.enrollmentStatus },
      progressSummary: { ...row.progressSummary, overallProgressPercent: message.coursePercent ?? row.progressSummary.overallProgressPercent },
    };
  }

  figures(figures) {
    const { courseId } = this.props;
    const total = figures.totalEnrollments;
    return (
      <div class="stackable">
        <Figures of={[
          [<Count of={total} />, t('enrolments')],
          [<Count of={figures.activeUsers} />, t('active30')],
          [<Count of={figures.completedUsers} />, t('completedOrCertified')],
          [format.percent(figures.completionRate), t('completionRate')],
          [total ? format.percent(figures.averageProgress) : format.NONE, t('averageProgressOf')],
          [figures.completedUsers ? format.days(figures.averageCompletionTime) : format.NONE, t('averageTime')],
        ]} />
        {figures.byStatus ? (
          <Card title={t('whereTheyStand', { count: format.number(total) })}>
            <States of={figures.byStatus} total={total} label={ENROLMENT_STATES.map((state) => `${t(`state.${state}`)} ${format.number(figures.byStatus[state])}`).join(', ')} />
            <p class="leg">{ENROLMENT_STATES.map((state) => <a key={state} href={withQuery({ status: state, page: null })}><State of={state} /> <b>{format.number(figures.byStatus[state])}</b></a>)}</p>
          </Card>
        ) : null}
        <Still of={figures} draw={() => this.charts(figures)} />
      </div>
    );
  }

  charts(figures) {
    const { courseId } = this.props;
    const total = figures.totalEnrollments;
    const said = (value, date) => t('learnersOn', { n: value, count: format.number(value), date: format.day(date) });
    const points = everyDay(figures.days ?? [], 'learners', said);
    const buckets = figures.percentBuckets ?? [];
    const range = (i) => t(`bucket.${i}`);
    return (
      <div class="stackable">
        <div class="g21">
          <Card title={t('daysOfCourse')}>
            {points.length ? (
              <div>
                <Chart kind="line" points={points} label={t('daysOfCourse')} ticks={[{ at: 0, text: format.day(points[0].name) }, { at: 1, text: format.day(points[points.length - 1].name) }]} />
                <Twin label={t('daysOfCourse')} columns={[t('day'), t('learners'), t('reports')]} rows={figures.days.map(({ date, learners, reports }) => [format.day(date), format.number(learners), format.number(reports)])} />
              </div>
            ) : <Empty>{t('noDays')}</Empty>}
          </Card>
          <Card title={t('distribution')}>
            {buckets.length && total ? (
              <div>
                <Chart kind="bars" points={buckets.map((value, i) => ({ value, said: t('learnersIn', { n: value, count: format.number(value), range: range(i) }) }))} label={t('distribution')}
                  ticks={[0, 0.5, 1].map((at) => ({ at, text: format.share(at) }))} />
                <Twin label={t('distribution')} columns={[t('progress'), t('learners')]} rows={buckets.map((value, i) => [range(i), format.number(value)])} />
              </div>
            ) : <Empty>{t('noEnrolments')}</Empty>}
          </Card>
        </div>
        <section class="card">
          {figures.contents.length ? (
            <div>
              <Table caption={t('mostCompleted')} rows={mostCompleted(figures.contents).slice(0, FEW)} rowKey={({ contentId }) => contentId} columns={itemColumns(courseId, total)} />
              <nav class="pager" aria-label={t('items')}><a class="btn" href={to(['courses', courseId, 'items'])}>{t('allItems')}</a></nav>
            </div>
          ) : <Empty>{t('noItemsInCourse')}</Empty>}
        </section>
      </div>
    );
  }

  learners(query) {
    const { courseId } = this.props;
    const asked = new URLSearchParams({
      logs: '0', page: query.page ?? '1', limit: LIMITS.includes(query.limit) ? query.limit : '20',
      ...(query.status && { status: query.status }), ...(query.q && { q: query.q }), ...(query.risk && { atRisk: '1' }),
      ...(query.quiet && { inactiveDays: query.quiet }), ...(query.sortBy && { sortBy: query.sortBy, order: query.order ?? 'desc' }),
    });
    const path = `${courseApi(courseId)}/learners?`;
    const rows = new URLSearchParams(asked);
    for (const name of ['page', 'limit']) rows.delete(name);
    const change = (name) => (value) => go(withQuery({ [name]: value, page: null }));
    return (
      <section class="card" id="learners">
        <div class="hd cardhd"><h2>{t('learners')}</h2><div class="r"><SaveButton path={path + rows} name={`course-${courseId}.csv`} label={t('csv')} /></div></div>
        <div class="tools">
          <Search label={t('searchLearners')} value={query.q} onText={(q) => replace(withQuery({ q, page: null }))} />
          <Choice label={t('stateWord')} value={query.status ?? ''} onChoice={change('status')} options={[['', t('all')], ...ENROLMENT_STATES.map((state) => [state, t(`state.${state}`)])]} />
          <Choice label={t('quiet')} value={query.quiet ?? ''} onChoice={change('quiet')} options={[['', t('any')], ...DAYS.map((n) => [String(n), t('quietFor', { n, count: format.days(n) })])]} />
          <Choice label={t('perPage')} value={asked.get('limit')} onChoice={change('limit')} options={LIMITS.map((n) => [n, n])} />
          <label class="check"><input type="checkbox" checked={!!query.risk} onChange={(event) => change('risk')(event.target.checked ? '1' : null)} /> {t('atRisk')}</label>
        </div>
        <Ask path={path + asked} size={8} show={({ results, pagination }) => {
          const changed = results.filter(({ userId }) => this.state.patches[userId]).length;
          return (
            <div>
              {changed ? <p class="note">{t('rowsChanged', { n: changed })} <button type="button" class="btn" onClick={() => this.newOrder()}>{t('newOrder')}</button></p> : null}
              {results.length ? (
                <Table caption={t('learners')} hideCaption rows={results.map((row) => this.patched(row))} rowKey={({ userId }) => userId} changed={this.marks.keys} sort={{ by: query.sortBy, order: query.order ?? 'desc' }} columns={[
                  { key: 'learner', label: t('learner'), head: true, sort: 'userId', cell: ({ userId }) => <a href={to(['courses', courseId, 'learners', String(userId)])}><Name of={userId} /></a> },
                  { key: 'state', label: t('stateWord'), cell: ({ enrollments, reasons }) => <span><State of={enrollments?.enrollmentStatus} />{reasons?.map((reason) => <span class="reason" key={reason}>{t(`reason.${reason}`)}</span>)}</span> },
                  { key: 'progress', label: t('progress'), sort: 'progress', cell: ({ progressSummary: { overallProgressPercent: percent }, enrollments }) => (
                    <span class="barred"><Bar value={percent} done={['COMPLETED', 'CERTIFIED'].includes(enrollments?.enrollmentStatus)} label={format.percent(percent)} /> {format.percent(percent)}</span>) },
                  { key: 'items', label: t('itemsDone'), num: true, opt: true, cell: ({ progressSummary: { completedContent, totalContent } }) => t('ofTotal', { part: format.number(completedContent), total: format.number(totalContent) }) },
                  { key: 'time', label: t('timeSpent'), num: true, opt: true, cell: ({ timeSpent }) => format.span(timeSpent) },
                  { key: 'enrolled', label: t('enrolled'), num: true, opt: true, sort: 'enrollmentDate', cell: ({ enrollments }) => format.date(enrollments?.enrollmentDate) },
                  { key: 'last', label: t('lastActivity'), num: true, opt: true, sort: 'lastActivity', cell: ({ lastActivityDate }) => format.date(lastActivityDate) },
                ]} />
              ) : <Empty>{pagination.total ? t('beyondEnd') : query.q || query.status || query.quiet || query.risk ? t('noLearnerFits') : t('noEnrolments')}</Empty>}
              <Pager of={pagination} what={t('learners')} />
            </div>
          );
        }} />
      </section>
    );
  }

  // What the figures refuse is not there to be seen: said once, for the whole page.
  refused = ({ status, message }) => {
    if (status === 403 || status === 404) this.setState({ refused: message });
  };

  render({ courseId }, { refused }) {
    const { query } = here();
    if (refused) return <div class="stackable"><Head title={courseId} crumbs={[[t('courses'), '#/courses']]} /><Trouble problem={{ status: 403, message: refused }} /></div>;
    const catalogue = `api/v1/catalog/courses/${encodeURIComponent(courseId)}`;
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? { courseId } : null} onMessage={(message) => this.told(message)} />
        <Ask path={catalogue} size={1} otherwise={() => <Head title={courseId} crumbs={[[t('courses'), '#/courses']]} />} onData={(course) => title(titleOf(course.title, courseId))} show={(course) => (
          <div>
            <Head title={titleOf(course.title, courseId)} crumbs={[[t('courses'), '#/courses']]} note={<span>{t('course')} <Name of={courseId} />{course.declared ? null : <span>, {t('observed')}</span>}</span>}>
              <a class="btn" href={to(['courses', courseId, 'leaderboard'])}>{t('leaderboard')}</a>
              {is('ADMIN', 'SYSTEM') ? <a class="btn" href={to(['edit', courseId])}>{t('edit')}</a> : null}
            </Head>
            {course.description ? <p class="mu lead"><Name of={course.description} /></p> : null}
          </div>
        )} />
        <Ask path={`${courseApi(courseId)}/analytics`} size={10} onProblem={this.refused} show={({ results }) => this.figures(results)} />
        {this.learners(query)}
      </div>
    );
  }
}
