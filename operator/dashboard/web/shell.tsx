// What is around every page: the way to the others, and over which time rates are.
import type { ComponentChildren, JSX } from 'preact';
import { linkTo, type Place, type Route, windows } from './route.ts';
import { type Theme, useTheme } from './theme.ts';

interface ShellProps {
  readonly place: Place;
  readonly isPaused: boolean;
  readonly onPause: (isPaused: boolean) => void;
  readonly children: ComponentChildren;
}

const entries: readonly (readonly [string, Route])[] = [
  ['Graph', { page: 'graph' }],
  ['Policies', { page: 'policies' }],
  ['Audit', { page: 'audit' }],
  ['Proxies', { page: 'proxies' }],
  ['Certificates', { page: 'certificates' }],
  ['Changes', { page: 'changes' }],
];

const windowNames = { 60: '1 min', 600: '10 min', 3600: '1 h' } as const;

export function Shell({ place, isPaused, onPause, children }: ShellProps): JSX.Element {
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <header class="bar">
        <a class="brand" href={linkTo({ page: 'graph' }, place)}>
          <img src="icon.svg" alt="" width="26" height="26" />
          Meshwright
        </a>
        <nav aria-label="Pages">
          <ul>
            {entries.map(([name, route]) => (
              <li key={name}>
                <a href={linkTo(route, place)} aria-current={isIn(place.route, route) ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="controls">
          <Windows place={place} />
          <button type="button" aria-pressed={isPaused} onClick={() => onPause(!isPaused)}>
            {isPaused ? 'Paused' : 'Live'}
          </button>
          <ThemeChoice />
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

/** Pages of one thing belong to the page that lists it. */
function isIn(shown: Route, entry: Route): boolean {
  const lists = { node: 'graph', policy: 'policies' } as const;
  const page = shown.page === 'node' || shown.page === 'policy' ? lists[shown.page] : shown.page;
  return page === entry.page;
}

function Windows({ place }: { readonly place: Place }): JSX.Element {
  return (
    <div class="segments" role="group" aria-label="Rates over the last">
      {windows.map((window) => (
        <a
          key={window}
          href={linkTo(place.route, { ...place, window })}
          aria-current={place.window === window ? 'true' : undefined}
        >
          {windowNames[window]}
        </a>
      ))}
    </div>
  );
}

const themeNames: readonly (readonly [Theme, string])[] = [
  ['system', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

function ThemeChoice(): JSX.Element {
  const [theme, setTheme] = useTheme();
  return (
    <select
      aria-label="Colors"
      value={theme}
      onChange={({ currentTarget: { value } }) =>
        setTheme(themeNames.find(([it]) => it === value)?.[0] ?? 'system')
      }
    >
      {themeNames.map(([value, name]) => (
        <option key={value} value={value}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** The fragment says which page it is, so that it cannot say where on the page. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}
