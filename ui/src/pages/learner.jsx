// A learner's own first page: where was I, how far am I?
import { h, Component } from 'preact';
import { write } from '../api.js';
import { Calendar, Ring, Twin } from '../charts.jsx';
import { Following, Marks } from '../following.jsx';
import * as format from '../format.js';
import { History } from '../history.jsx';
import { title } from '../page.js';
import { Ask, Card, Count, Dialog, Empty, Figures, Head, Name, Pager, SaveButton, State, Table, readAgain, say, stateOf, titleOf, typeName } from '../parts.jsx';
import { go, here, to, withQuery } from '../route.js';
import { has as is, who } from '../who.js';
import { t } from '../words.js';

const FEW = 10; // shown at first
const FEW_EVENTS = 6; // as high as the days beside them
const NAMED = 50; // asked for: the history names items of them
const MANY = 100;

export class Learner extends Component {
  constructor(props) {
    super(props);
    this.state = { patches: {}, erase: false };
    this.marks = new Marks(this);
    title(props.own ? t('myLearning') : t('learnerTitle', { id: props.userId }));
  }
  componentWillUnmount() {
    this.marks.clear();
  }

  // The row that a message names gets what the message says; figures it does not carry are asked for again.
  told(message) {
    if (message.courseId != null && message.enrollmentStatus) {
      const key = String(message.courseId);
      this.marks.add(key);
      this.setState(({ patches }) => ({ patches: { ...patches, [key]: message } }));
      say(t('changedCourse', { course: key, percent: format.percent(message.coursePercent) }));
    }
    readAgain();
  }

  courseAddress(courseId) {
    return this.props.own ? to(['me', 'courses', courseId]) : to(['courses', courseId, 'learners', this.props.userId]);
  }

  patched(course) {
    const message = this.state.patches[course.courseId];
    if (!message || message.updatedAt < course.lastActivityAt) return course;
    return { ...course, status: message.enrollmentStatus, progressPercent: message.coursePercent ?? course.progressPercent };
  }

  courses({ courses, pagination }) {
    const first = courses.find(({ nextItem, status }) => nextItem && status !== 'DROPPED' && status !== 'EXPIRED');
    return (
      <div>
        {first ? (
          <section class="card go" aria-label={t('continue')}>
            <div class="hd">
              <div>
                <div class="sm mu">{t('continueWhere')}</div>
                <b><Name of={titleOf(first.nextItem.title, first.nextItem.id)} /></b>{' '}
                <span class="mu">{t('in')} <Name of={titleOf(first.title, first.courseId)} />{first.nextItem.position == null ? null : <span>, {t('at', { position: format.clock(first.nextItem.position) })}</span>}</span>
              </div>
              <div class="r"><a class="btn p" href={this.courseAddress(first.courseId)}>{t('continue')}</a></div>
            </div>
          </section>
        ) : null}
        <section class="card">
          {courses.length ? (
            <Table caption={this.props.own ? t('myCourses') : t('courses')} rows={courses.map((course) => this.patched(course))} rowKey={({ courseId }) => courseId} changed={this.marks.keys} columns={[
              { key: 'course', label: t('course'), head: true, cell: (one) => <a href={this.courseAddress(one.courseId)}><Name of={titleOf(one.title, one.courseId)} /></a> },
              { key: 'state', label: t('stateWord'), cell: ({ status }) => <State of={status} /> },
              { key: 'progress', label: t('progress'), cell: ({ progressPercent, status }) => (
                <span class="ringed"><Ring value={progressPercent} done={status === 'COMPLETED' || status === 'CERTIFIED'} label={format.percent(progressPercent)} /> {format.percent(progressPercent)}</span>) },
              { key: 'required', label: t('requiredDone'), opt: true, num: true, cell: ({ completedRequired, totalRequired }) => t('ofTotal', { part: format.number(completedRequired), total: format.number(totalRequired) }) },
              { key: 'items', label: t('itemsDone'), opt: true, num: true, cell: ({ completedContent, totalContent }) => t('ofTotal', { part: format.number(completedContent), total: format.number(totalContent) }) },
              { key: 'last', label: t('lastActivity'), opt: true, num: true, cell: ({ lastActivityAt }) => format.date(lastActivityAt) },
            ]} />
          ) : <div><h2>{this.props.own ? t('myCourses') : t('courses')}</h2><Empty curl={this.curl()}>{t('noCourses')}</Empty></div>}
          {courses.filter(({ status }) => status === 'DROPPED' || status === 'EXPIRED').map((one) => <p class="note" key={one.courseId}><Name of={titleOf(one.title, one.courseId)} />: {t('keptAfterDrop')}</p>)}
          {pagination.totalPages > 1 ? <Pager of={pagination} what={t('courses')} /> : null}
        </section>
      </div>
    );
  }

  curl() {
    const address = new URL('progress/update', location.href.replace(/#.*/, ''));
    return `curl ${address} -H "Authorization: Bearer $T" -H 'Content-Type: application/json' \\\n  -d '{"userId":"${this.props.userId}","videoId":"1","courseId":"1","watchedDuration":60}'`;
  }

  days({ days, streakDays, longestStreakDays }) {
    const said = (one, date) => (one ? t('daySaid', { date: format.day(date), reports: one.reports, time: format.span(one.seconds) }) : t('dayQuiet', { date: format.day(date) }));
    return (
      <Card title={t('daysTitle')}>
        <p class="streak"><b>{format.days(streakDays)}</b> <span class="mu">{t('streak', { longest: format.days(longestStreakDays) })}</span></p>
        {days?.length ? (
          <div>
            <Calendar days={days} until={days[days.length - 1].date} label={t('daysTitle')} said={said} />
            <Twin label={t('daysTitle')} columns={[t('day'), t('reports'), t('timeWord')]} rows={days.map((one) => [format.day(one.date), format.number(one.reports), format.span(one.seconds)])} />
          </div>
        ) : <Empty>{t('noDays')}</Empty>}
      </Card>
    );
  }

  itemsOf({ data: { progress, statistics }, nextCursor }, all) {
    return (
      <div>
        {progress.length ? (
          <Table caption={t('recentItems')} rows={all ? progress : progress.slice(0, FEW)} rowKey={({ id }) => id} columns={[
            { key: 'item', label: t('item'), head: true, cell: ({ contentId }) => <Name of={titleOf(contentId.title, contentId.id)} /> },
            { key: 'type', label: t('type'), opt: true, cell: ({ contentType }) => <span class="mu"><Name of={typeName(contentType)} /></span> },
            { key: 'state', label: t('stateWord'), cell: ({ status, locked }) => <State of={stateOf(status, locked)} /> },
            { key: 'progress', label: t('progress'), num: true, cell: ({ progressPercentage }) => format.percent(progressPercentage) },
            { key: 'score', label: t('score'), num: true, opt: true, cell: ({ score, maxScore }) => (score == null ? format.NONE : maxScore == null ? format.number(score) : t('scoreOf', { score: format.number(score), most: format.number(maxScore) })) },
            { key: 'last', label: t('last'), num: true, opt: true, cell: ({ updatedAt }) => format.date(updatedAt) },
          ]} />
        ) : <div><h2>{t('items')}</h2><Empty>{t('noItems')}</Empty></div>}
        {progress.length ? <nav class="pager" aria-label={t('pages', { what: t('recentItems') })}>
          <span class="mu">{t('itemsInAll', { total: format.number(statistics.total) })}</span>
          {all ? <a class="btn" href={withQuery({ items: null, after: null })}>{t('fewer')}</a> : progress.length > FEW ? <a class="btn" href={withQuery({ items: 'all' })}>{t('more')}</a> : null}
          {all && nextCursor ? <a class="btn" href={withQuery({ after: nextCursor })}>{t('next')}</a> : null}
        </nav> : null}
      </div>
    );
  }

  // How everything stood at the end of a day: what the server folds from the events up to then.
  asOf({ enrollments, progress }, asOf) {
    return (
      <div class="stackable">
        <section class="card">
          {enrollments.length ? <Table caption={t('asItWas', { date: format.day(asOf) })} rows={enrollments} rowKey={({ courseId }) => courseId} columns={[
            { key: 'course', label: t('course'), head: true, cell: ({ courseId, courseTitle }) => <Name of={titleOf(courseTitle, courseId)} /> },
            { key: 'state', label: t('stateWord'), cell: ({ enrollmentStatus }) => <State of={enrollmentStatus} /> },
            { key: 'progress', label: t('progress'), num: true, cell: ({ progressPercent }) => format.percent(progressPercent) },
            { key: 'items', label: t('itemsDone'), num: true, opt: true, cell: ({ completedContent, totalContent }) => t('ofTotal', { part: format.number(completedContent), total: format.number(totalContent) }) },
          ]} /> : <Empty>{t('nothingThen')}</Empty>}
        </section>
        {progress.length ? <section class="card"><Table caption={t('items')} rows={progress.slice(0, MANY)} rowKey={({ progressId }) => progressId} columns={[
          { key: 'item', label: t('item'), head: true, cell: ({ contentId, title: name }) => <Name of={titleOf(name, contentId)} /> },
          { key: 'state', label: t('stateWord'), cell: ({ status }) => <State of={status} /> },
          { key: 'progress', label: t('progress'), num: true, cell: ({ progressPercent }) => format.percent(progressPercent) },
          { key: 'last', label: t('last'), num: true, opt: true, cell: ({ updatedAt }) => format.date(updatedAt) },
        ]} />{progress.length > MANY ? <p class="note">{t('firstOnly', { n: MANY, total: format.number(progress.length) })}</p> : null}</section> : null}
      </div>
    );
  }

  logs(entries) {
    const fixed = ['log_id', 'user_id', 'date', 'created_at', 'updated_at'];
    return (
      <Table caption={t('logEntries')} rows={entries.slice(0, FEW)} rowKey={({ log_id: id }) => id} columns={[
        { key: 'date', label: t('day'), head: true, cell: ({ date }) => (/^\d{4}-\d\d-\d\d$/.test(date) ? <span class="nw">{format.day(date)}</span> : <Name of={date} />) },
        { key: 'what', label: t('logWhat'), cell: (entry) => Object.entries(entry).filter(([name]) => !fixed.includes(name)).map(([name, value]) => <span class="member" key={name}><Name of={name} />: <Name of={value} /></span>) },
      ]} />
    );
  }

  // The history names items by id; those of the list have titles.
  named(progress) {
    this.names = new Map(progress.map(({ contentId }) => [String(contentId.id), contentId.title]));
    this.forceUpdate();
  }

  async erase() {
    const { userId, own } = this.props;
    await write('DELETE', `api/v1/users/${encodeURIComponent(userId)}`);
    say(t('erased'));
    if (own) who.leave(t('erased'));
    else location.hash = '#/users';
  }

  render({ userId, own }, { erase }) {
    const { query } = here();
    const id = encodeURIComponent(userId);
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? { userId } : null} onMessage={(message) => this.told(message)} />
        <Head title={own ? t('myLearning') : t('learnerTitle', { id: userId })} note={own ? <span>{t('learner')} <Name of={userId} /></span> : null}>
          <label class="choice"><span>{t('asOfDay')}</span><input class="inp" type="date" value={query.asOf ?? ''} onChange={(event) => go(withQuery({ asOf: event.target.value, page: null, before: null, after: null }))} /></label>
          <SaveButton path={`api/v1/users/${id}/export`} accept="application/json" name={`milepost-${userId}.json`} label={own ? t('exportMine') : t('export')} />
          <button type="button" class="btn danger" onClick={() => this.setState({ erase: true })}>{own ? t('eraseMe') : t('erase')}</button>
        </Head>
        {query.asOf ? <Ask path={`api/v1/users/${id}/progress?as_of=${encodeURIComponent(`${query.asOf}T23:59:59.999Z`)}`} size={6} show={(answer) => this.asOf(answer, query.asOf)} /> : this.now(query)}
        {erase ? (
          <Dialog title={own ? t('eraseMe') : t('erase')} danger confirm={userId} yes={t('eraseYes')} onYes={() => this.erase()} onClose={() => this.setState({ erase: false })}>
            <p>{own ? t('eraseMeText') : t('eraseText')}</p>
          </Dialog>
        ) : null}
      </div>
    );
  }

  now(query) {
    const { userId, own } = this.props;
    const id = encodeURIComponent(userId);
    const all = query.items === 'all';
    const items = new URLSearchParams({ limit: all ? MANY : NAMED, ...(all && query.after && { cursor: query.after }) });
    return (
      <div class="stackable">
        {own && is('STUDENT') ? (
          <Ask path={`api/v1/Progress/summary/${id}`} empty={() => null} size={2} show={(summary) => (
            <Figures of={[
              [format.number(summary.totalCoursesEnrolled), t('coursesEnrolled')],
              [format.number(summary.completedCourses), t('coursesCompleted')],
              [format.number(summary.totalVideosWatched), t('videosCompleted')],
              [format.hours(summary.totalWatchTimeHours), t('watchTime')],
            ]} />
          )} />
        ) : null}
        <Ask path={`api/v1/users/${id}/courses?limit=20${query.page ? `&page=${encodeURIComponent(query.page)}` : ''}`} size={4} show={(answer) => this.courses(answer)} />
        <div class="g21">
          <Ask path={`progress/engagement/${id}`} size={6} show={(answer) => this.days(answer)} />
          <History userId={userId} limit={FEW_EVENTS} cursor={query.before} canTakeBack={own || is('ADMIN', 'SYSTEM')} nameOf={(item) => this.names?.get(String(item))} />
        </div>
        <Ask path={`api/progress/${id}?${items}`} size={6} onData={({ data }) => this.named(data.progress)} show={(answer) => (
          <div class="stackable">
            <section class="card">{this.itemsOf(answer, all)}</section>
            {answer.progress_logs.length ? <section class="card">{this.logs(answer.progress_logs)}<nav class="pager" aria-label={t('logEntries')}><SaveButton path={`api/progress/${id}`} name={`logs-${userId}.csv`} label={t('csv')} /></nav></section> : null}
          </div>
        )} />
      </div>
    );
  }
}
