// SPDX-License-Identifier: MIT
/*
 * The table of one leaf as a page for people.
 */
#include <inttypes.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "explain/text.h"

#define LABEL_COLUMN 14

static void label(struct text *t, const char *name)
{
	size_t start = t->len;

	text_add(t, "%s", name);
	text_pad(t, start, LABEL_COLUMN);
}

static void paragraph(struct text *t, const char *name, const char *words)
{
	size_t start = t->len;

	if (!words)
		return;
	label(t, name);
	text_wrap(t, start, LABEL_COLUMN, words);
	text_put(t, '\n');
}

static const char *when_text(unsigned when)
{
	switch (when) {
	case WHEN_SUCCESS: return "on success";
	case WHEN_SEPT_ERROR: return "on S-EPT errors";
	case WHEN_ERROR: return "on errors";
	case WHEN_CPUID_CONFIG: return "on OPERAND_INVALID(CPUID_CONFIG)";
	default: return NULL;
	}
}

static void operand_rules(struct text *t, const struct leaf_operand *op)
{
	static const char *const locks[] = { NULL, "shared", "exclusive" };
	const char *type =
		op->page_type == ABI_NO_PAGE_TYPE
			? NULL
			: number_name(page_type_table, page_type_table_len, op->page_type);

	if (op->min_version)
		text_add(t, "; version %u", op->min_version);
	if (when_text(op->when))
		text_add(t, "; %s", when_text(op->when));
	if (type)
		text_add(t, "; page type PT_%s", type);
	if (locks[op->lock])
		text_add(t, ", locked %s", locks[op->lock]);
}

static void operands(struct text *t, const char *name, const struct leaf_operand *ops,
		     unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct leaf_operand *op = &ops[i];
		size_t start = t->len;
		char words[512];
		struct text w = text_start(words, sizeof(words));

		label(t, i ? "" : name);
		text_add(t, "%-4s %-16s ", abi_reg_names[op->reg], op->name);
		text_add(&w, "%s",
			 op->meaning ? op->meaning : operand_type_table[op->type].meaning);
		operand_rules(&w, op);
		text_wrap(t, start, LABEL_COLUMN + 22, words);
		text_put(t, '\n');
	}
}

/* The names of the set bits: "RUNNABLE, LIVE_EXPORT"; "all" for a full set. */
static void states(struct text *t, const char *name, uint32_t set, const char *const *names,
		   unsigned count)
{
	char words[640];
	struct text w = text_start(words, sizeof(words));
	const char *comma = "";

	if (!set)
		return;
	if (set == (1u << count) - 1) {
		paragraph(t, name, "all");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		if (set >> i & 1) {
			text_add(&w, "%s%s", comma, names[i]);
			comma = ", ";
		}
	}
	paragraph(t, name, words);
}

static void retry(struct text *t, unsigned set)
{
	static const char *const names[] = { "busy", "entropy", "resumable", "restartable",
					     "incremental" };

	states(t, "repeat", set, names, sizeof(names) / sizeof(names[0]));
}

static void statuses(struct text *t, const struct leaf_desc *leaf)
{
	uint64_t before = UINT64_MAX;

	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		const struct leaf_status *s = &leaf->statuses[i];
		struct explain_status status;
		const char *what = s->what;

		if (s->code != before) {
			explain_status(s->code, &status);
			if (i)
				text_put(t, '\n');
			label(t, i ? "" : "status");
			text_add(t, "%s", status.name);
		}
		if (what)
			text_add(t, "%s%s", s->code != before ? "  " : ", ", what);
		else if (s->detail != DETAIL_NONE && s->code != before)
			text_add(t, "  (detail in bits 31:0)");
		before = s->code;
	}
	if (leaf->num_statuses)
		text_put(t, '\n');
}

static void checks(struct text *t, const char *lines)
{
	const char *name = "checks";

	for (; lines && *lines; name = "") {
		size_t len = strcspn(lines, "\n");

		label(t, name);
		text_add(t, "%.*s\n", (int)len, lines);
		lines += len;
		lines += *lines == '\n';
	}
}

static void heading(struct text *t, const struct leaf_desc *leaf)
{
	static const char *const instructions[] = { "SEAMCALL", "TDCALL", "TDG.VP.VMCALL" };

	text_add(t, "%s\n", leaf->name);
	label(t, "number");
	text_add(t, leaf->cls == LEAF_VMCALL ? "0x%" PRIx32 " (%s, R11)" : "%" PRIu32 " (%s)",
		 leaf->number, instructions[leaf->cls]);
	text_add(t, ", since %s", abi_version_names[leaf->since]);
	if (leaf->versions > 1)
		text_add(t, ", versions 0 and 1");
	text_put(t, '\n');
}

size_t explain_leaf_page(char *buf, size_t size, const struct explain_leaf_id *id)
{
	const struct leaf_desc *leaf = leaf_desc_of(id->side, id->number);
	struct text t = text_start(buf, size);

	if (!leaf)
		return 0;
	heading(&t, leaf);
	paragraph(&t, "does", leaf->brief);
	operands(&t, "in", leaf->ins, leaf->num_ins);
	operands(&t, "out", leaf->outs, leaf->num_outs);
	paragraph(&t, "structures", leaf->uses);
	states(&t, "TD states", leaf->op_states, op_state_names, 11);
	states(&t, "S-EPT states", leaf->sept_states, sept_state_names, 16);
	paragraph(&t, "locks", leaf->locks);
	paragraph(&t, "requires", leaf->requires);
	retry(&t, leaf->retry);
	paragraph(&t, "interruption", leaf->resume);
	paragraph(&t, "note", leaf->note);
	paragraph(&t, "later", leaf->change);
	checks(&t, leaf->checks);
	statuses(&t, leaf);
	return t.len;
}
