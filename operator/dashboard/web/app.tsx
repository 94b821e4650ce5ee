// Which page is shown: the fragment of the address says.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { GraphPage } from './pages/graph-page.tsx';
import { NodePage } from './pages/node-page.tsx';
import { CertificatesPage, ChangesPage, ProxiesPage } from './pages/operator-pages.tsx';
import { AuditPage, PoliciesPage, PolicyPage } from './pages/policy-pages.tsx';
import { type Place, parsePlace } from './route.ts';
import { Shell } from './shell.tsx';

export interface PageProps {
  readonly place: Place;
  readonly isPaused: boolean;
}

export function App(): JSX.Element {
  const place = usePlace();
  const [isPaused, setPaused] = useState(false);
  const page = JSON.stringify(place.route);
  useFocusOnNewPage(page);
  return (
    <Shell place={place} isPaused={isPaused} onPause={setPaused}>
      <Page key={page} place={place} isPaused={isPaused} />
    </Shell>
  );
}

const pages = {
  graph: GraphPage,
  policies: PoliciesPage,
  audit: AuditPage,
  proxies: ProxiesPage,
  certificates: CertificatesPage,
  changes: ChangesPage,
  unknown: NoPage,
} as const;

function Page(props: PageProps): JSX.Element {
  const { route } = props.place;
  if (route.page === 'node') return <NodePage {...props} id={route.id} />;
  if (route.page === 'policy')
    return <PolicyPage {...props} of={`${route.kind}/${route.namespace}/${route.name}`} />;
  const List = pages[route.page];
  return <List {...props} />;
}

function NoPage(): JSX.Element {
  return (
    <>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        Go to the <a href="#/">service graph</a>.
      </p>
    </>
  );
}

function usePlace(): Place {
  const [place, setPlace] = useState(() => parsePlace(location.hash));
  useEffect(() => {
    const read = (): void => setPlace(parsePlace(location.hash));
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);
  return place;
}

/** So that a screen reader says where it is; not on the first page, which is read anyway. */
function useFocusOnNewPage(page: string): void {
  const last = useRef(page);
  useEffect(() => {
    if (last.current === page) return;
    last.current = page;
    document.querySelector<HTMLElement>('h1')?.focus();
    scrollTo(0, 0);
  }, [page]);
}
