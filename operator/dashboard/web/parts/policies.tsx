// Policies in a table, and how one stands.
import type { JSX } from 'preact';
import type { PolicyLine } from '../../views/json.ts';
import type { Place } from '../route.ts';
import { Badge, PolicyLink } from './cells.tsx';
import { Table } from './table.tsx';

interface PolicyTableProps {
  readonly title: string;
  /** Said if there is no policy. */
  readonly none: string;
  readonly policies: readonly PolicyLine[];
  readonly place: Place;
}

export function PolicyTable({ title, none, policies, place }: PolicyTableProps): JSX.Element {
  return (
    <Table
      title={title}
      columns={['Policy', 'Targets', 'State', '#Proxies that obey']}
      none={none}
      rows={policies.map((line) => {
        const { kind, namespace, name, targets, proxies } = line;
        const key = `${kind}/${namespace}/${name}`;
        return {
          key,
          cells: [
            <PolicyLink key="link" of={key} place={place} />,
            targets,
            <PolicyState key="state" line={line} />,
            proxies.total === 0 ? '–' : `${proxies.programmed}/${proxies.total}`,
          ],
        };
      })}
    />
  );
}

export function PolicyState({ line }: { readonly line: PolicyLine }): JSX.Element {
  const { isOverridden, hasWarning, wouldRefuse } = line;
  return (
    <span class="badges">
      <InForce line={line} />
      {isOverridden && <Badge tone="warning">Overridden</Badge>}
      {hasWarning && <Badge tone="warning">Warning</Badge>}
      {wouldRefuse !== null && (
        <Badge tone={wouldRefuse > 0 ? 'warning' : 'none'}>
          {wouldRefuse > 0 ? `Audit: would refuse ${wouldRefuse}` : 'Audit'}
        </Badge>
      )}
    </span>
  );
}

function InForce({ line: { accepted, programmed } }: { readonly line: PolicyLine }): JSX.Element {
  if (!accepted) return <Badge tone="bad">Not accepted</Badge>;
  if (programmed === null) return <Badge tone="none">Unknown</Badge>;
  return programmed ? <Badge tone="good">Programmed</Badge> : <Badge tone="bad">Not programmed</Badge>;
}
