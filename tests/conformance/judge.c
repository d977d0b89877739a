// SPDX-License-Identifier: MIT
/*
 * What is to be said about the sentences of refusals.
 */
#include "probe.h"

#include <inttypes.h>
#include <stdio.h>

#include "explain/explain.h"
#include "gen/leaves.h"
#include "naming.h"
#include "tdx/status.h"

#define CODE_MASK 0xdfffffff00000000ull /* without FATAL, which some leaves add */
#define TOLD_MAX  40

struct pair *pair_of(struct prober *p, const struct transcript_event *e, uint64_t status)
{
	unsigned leaf = e->call.in.gpr[0].lo & 0xffff, i = 0;

	while (i < p->pairs && (p->pair[i].side != e->kind || p->pair[i].leaf != leaf ||
				p->pair[i].status != status))
		i++;
	if (i == PAIRS)
		return NULL;
	if (i == p->pairs)
		p->pair[p->pairs++] =
			(struct pair){ .side = e->kind, .leaf = leaf, .status = status };
	return &p->pair[i];
}

/* Refusals in which no value of an operand is wrong by itself. */
static bool names_nothing(uint64_t status)
{
	switch (status & CODE_MASK) {
	case TDX_INCORRECT_MBMD_MAC:
	case TDX_INVALID_PAGE_MAC:
	case TDX_INVALID_REPORTMACSTRUCT:
	case TDX_RND_NO_ENTROPY:
	case TDX_INTERRUPTED_RESUMABLE:
	case TDX_INTERRUPTED_RESTARTABLE: return true;
	default: return false;
	}
}

static enum status_detail detail_kind(uint64_t status)
{
	const struct status_desc *desc = status_by_code(status & CODE_MASK);

	return desc ? (enum status_detail)desc->detail : DETAIL_NONE;
}

/*
 * Whether the mutation is what the status is about: the status names the register, or the call
 * succeeds without the mutation and the status names nothing else.
 */
static bool is_cause(const struct mutation *u, uint64_t status, uint64_t otherwise)
{
	uint32_t detail = (uint32_t)status;
	bool operand =
		detail_kind(status) == DETAIL_OPERAND && (detail || status == TDX_OPERAND_INVALID);
	bool caused = !(otherwise & ERROR_BIT);

	if (names_nothing(status))
		return false;
	if (!operand)
		return caused;
	if (detail < 16)
		return !u->memory && u->reg == detail;
	return caused && u->memory;
}

static void complain(struct prober *p, const struct transcript_event *e, const struct answer *a,
		     const char *what)
{
	if (p->wrong++ < TOLD_MAX)
		printf("%s:%u: %" PRIx64 ": %s\n    %s\n", p->file, e->line, a->status, a->sentence,
		       what);
}

static void judge_sharing(struct prober *p, const struct transcript_event *e,
			  const struct answer *a)
{
	char blanked[SENTENCE_LEN], what[80];
	uint64_t other;

	naming_blank(a->sentence, blanked, sizeof(blanked));
	if (naming_own(blanked, a->status, &other))
		return;
	snprintf(what, sizeof(what), "the same sentence came with status %" PRIx64, other);
	complain(p, e, a, what);
}

static void judge_naming(struct prober *p, const struct transcript_event *e,
			 const struct mutation *u, const struct answer *a)
{
	struct pair *pair = pair_of(p, e, a->status);
	char what[160];

	p->judged++;
	if (pair)
		pair->judged = true;
	if (naming_names(a->sentence, u->now, u->before))
		return;
	snprintf(what, sizeof(what), "does not name %s%s%s+%x = %" PRIx64 " (before: %" PRIx64 ")",
		 u->memory ? "[" : "", explain_reg_name(u->reg), u->memory ? "]" : "", u->offset,
		 u->now, u->before);
	complain(p, e, a, what);
}

void judge_answers(struct prober *p, const struct transcript_event *e, unsigned count)
{
	uint64_t otherwise = p->answer[0].status;

	for (unsigned i = 0; i <= count; i++) {
		const struct answer *a = &p->answer[i];

		if (!a->same_side || !(a->status & ERROR_BIT))
			continue;
		p->refusals++;
		judge_sharing(p, e, a);
		if (i && is_cause(&p->list[i - 1], a->status, otherwise))
			judge_naming(p, e, &p->list[i - 1], a);
	}
}
