import { ATTN_LRP } from './attn-lrp.ts';
import { DETACHED, GUIDED } from './guided.ts';
import { GRADIENT } from './gradient.ts';
import { LRP_EPSILON, LRP_GAMMA } from './layer-wise-relevance.ts';
import type { RuleTable } from './rule.ts';

/** The rule tables by the name people choose. */
export const RULE_TABLES = {
	gradient: GRADIENT,
	attnlrp: ATTN_LRP,
	'lrp-epsilon': LRP_EPSILON,
	'lrp-gamma': LRP_GAMMA,
	guided: GUIDED,
	detach: DETACHED
} satisfies Readonly<Record<string, RuleTable>>;

export type RuleTableName = keyof typeof RULE_TABLES;
