// All items of a course, in its order or the most completed first; many are shown a page at a time.
import { h, Component } from 'preact';
import { courseApi } from '../api.js';
import { Following } from '../following.jsx';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Choice, Empty, Head, Pager, Search, Table, readAgain, titleOf } from '../parts.jsx';
import { go, here, replace, withQuery } from '../route.js';
import { who } from '../who.js';
import { t } from '../words.js';
import { courseCrumbs, itemColumns, mostCompleted } from './course.jsx';
import { sliceOf } from '../slice.js';

const PAGE = 100;

export class Items extends Component {
  constructor(props) {
    super(props);
    title(t('items'));
  }
  render({ courseId }) {
    const { query } = here();
    return (
      <div class="stackable">
        <Following filter={who.me.features.push ? { courseId } : null} onMessage={() => readAgain()} />
        <Head title={t('items')} crumbs={courseCrumbs(courseId)} />
        <section class="card">
          <div class="tools">
            <Search label={t('searchItems')} value={query.q} onText={(q) => replace(withQuery({ q, page: null }))} />
            <Choice label={t('order')} value={query.by ?? ''} onChoice={(by) => go(withQuery({ by, page: null }))} options={[['', t('courseOrder')], ['completed', t('mostCompleted')]]} />
          </div>
          <Ask path={`${courseApi(courseId)}/analytics`} size={8} show={({ results: { contents, totalEnrollments } }) => {
            const text = (query.q ?? '').toLowerCase();
            const found = (query.by === 'completed' ? mostCompleted(contents) : contents).filter((one) => !text || `${one.contentId}\n${one.title ?? ''}\n${one.type ?? ''}`.toLowerCase().includes(text));
            const { rows, pagination } = sliceOf(found, query.page, PAGE);
            return (
              <div>
                {rows.length ? <Table caption={t('items')} hideCaption rows={rows} rowKey={({ contentId }) => contentId} columns={itemColumns(courseId, totalEnrollments)} /> : <Empty>{t('noItemsInCourse')}</Empty>}
                <Pager of={pagination} what={t('items')} />
              </div>
            );
          }} />
        </section>
      </div>
    );
  }
}
