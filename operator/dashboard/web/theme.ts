// Light or dark: as the system says, or as was chosen here.
import { useEffect, useState } from 'preact/hooks';

export type Theme = 'system' | 'light' | 'dark';
const themes: readonly Theme[] = ['system', 'light', 'dark'];
const storageKey = 'meshwright-theme';

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(stored);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    try {
      localStorage.setItem(storageKey, theme);
    } catch {
      // A browser that stores nothing: the choice holds until the page is closed.
    }
  }, [theme]);
  return [theme, setTheme];
}

function stored(): Theme {
  try {
    return themes.find((it) => it === localStorage.getItem(storageKey)) ?? 'system';
  } catch {
    return 'system';
  }
}
