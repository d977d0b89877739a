// SPDX-License-Identifier: MIT
/*
 * Lists of leaves: filters and the line of each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/suggest.h"
#include "explain/tables.h"
#include "explain/text.h"

#define NAME_COLUMN   28
#define NUMBER_COLUMN 36
#define NUM_OP_STATES 11

static const char *const side_names[] = { "host", "guest", "vmcall" };

static int index_of(const char *name, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!strcasecmp(names[i], name))
			return (int)i;
	}
	return -1;
}

/* Is the word one of the parts of the name between dots? */
static bool has_object(const char *name, const char *word)
{
	size_t want = strlen(word);

	while (*name) {
		size_t len = strcspn(name, ".");

		if (len == want && !strncasecmp(name, word, len))
			return true;
		name += len;
		name += *name == '.';
	}
	return false;
}

static bool has_status(const struct leaf_desc *leaf, const char *name)
{
	uint64_t code;

	if (!explain_status_by_name(name, &code))
		return false;
	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		if (leaf->statuses[i].code == code)
			return true;
	}
	return false;
}

static bool has_reg(const struct leaf_desc *leaf, const char *name)
{
	int reg = explain_reg_index(name);

	return reg >= 0 && (leaf->in_mask[1] | leaf->out_mask[1]) >> reg & 1;
}

static bool passes(const struct leaf_desc *leaf, const struct explain_filter *f)
{
	if (!f)
		return true;
	if (f->side && strcasecmp(side_names[leaf->cls], f->side) != 0)
		return false;
	if (f->object && !has_object(leaf->name, f->object))
		return false;
	if (f->reg && !has_reg(leaf, f->reg))
		return false;
	if (f->status && !has_status(leaf, f->status))
		return false;
	if (f->op_state &&
	    !(leaf->op_states >> (unsigned)index_of(f->op_state, op_state_names, NUM_OP_STATES) &
	      1))
		return false;
	return !f->since || !strcasecmp(abi_version_names[leaf->since], f->since);
}

static bool known_object(const char *word)
{
	for (size_t i = 0; i < leaf_table_len; i++) {
		if (has_object(leaf_table[i].name, word))
			return true;
	}
	for (size_t i = 0; i < vmcall_table_len; i++) {
		if (has_object(vmcall_table[i].name, word))
			return true;
	}
	return false;
}

/* Says that a filter's word is unknown, with the words that exist or the nearest of them. */
static void unknown(char *err, size_t size, const char *what, const char *word,
		    const char *const *names, unsigned count)
{
	struct text t = text_start(err, size);

	text_add(&t, "no %s '%s'; there are", what, word);
	for (unsigned i = 0; i < count; i++)
		text_add(&t, " %s", names[i]);
}

bool explain_filter_check(const struct explain_filter *f, char *err, size_t size)
{
	char near[160];
	uint64_t code;

	if (f->side && index_of(f->side, side_names, 3) < 0)
		unknown(err, size, "class", f->side, side_names, 3);
	else if (f->object && !known_object(f->object))
		snprintf(err, size, "no leaf has '%s' in its name", f->object);
	else if (f->reg && explain_reg_index(f->reg) < 0)
		unknown(err, size, "register", f->reg, abi_reg_names, 16);
	else if (f->op_state && index_of(f->op_state, op_state_names, NUM_OP_STATES) < 0)
		unknown(err, size, "TD state", f->op_state, op_state_names, NUM_OP_STATES);
	else if (f->since && index_of(f->since, abi_version_names, 3) < 0)
		unknown(err, size, "module version", f->since, abi_version_names, 3);
	else if (f->status && !explain_status_by_name(f->status, &code))
		snprintf(err, size, "no status '%s'%s%s%s", f->status,
			 explain_status_suggest(near, sizeof(near), f->status) ? "; did you mean "
									       : "",
			 near, near[0] ? "?" : "");
	else
		return true;
	return false;
}

bool explain_leaf_nth(const struct explain_filter *filter, size_t n, struct explain_leaf_id *out)
{
	for (size_t i = 0; i < leaf_table_len + vmcall_table_len; i++) {
		const struct leaf_desc *leaf =
			i < leaf_table_len ? &leaf_table[i] : &vmcall_table[i - leaf_table_len];

		if (!passes(leaf, filter))
			continue;
		if (!n--) {
			out->side = (enum explain_side)leaf->cls;
			out->number = leaf->number;
			out->name = leaf->name;
			return true;
		}
	}
	return false;
}

/* "gpa, tdr, page": each name once. */
static void names(struct text *t, const struct leaf_operand *ops, unsigned count)
{
	const char *comma = "";

	for (unsigned i = 0; i < count; i++) {
		if (!strncmp(ops[i].name, "reserved_", 9))
			continue;
		text_add(t, "%s%s", comma, ops[i].name);
		comma = ", ";
	}
}

size_t explain_leaf_line(char *buf, size_t size, const struct explain_leaf_id *id)
{
	const struct leaf_desc *leaf = leaf_desc_of(id->side, id->number);
	struct text t = text_start(buf, size);

	if (!leaf)
		return 0;
	text_add(&t, "%s", leaf->name);
	text_pad(&t, 0, NAME_COLUMN);
	text_add(&t, leaf->cls == LEAF_VMCALL ? "0x%" PRIx32 : "%" PRIu32, leaf->number);
	if (!leaf->num_ins && !leaf->num_outs && leaf->since == ABI_1_5_01)
		return t.len;
	text_pad(&t, 0, NUMBER_COLUMN);
	if (leaf->since != ABI_1_5_01)
		text_add(&t, "(since %s) ", abi_version_names[leaf->since]);
	names(&t, leaf->ins, leaf->num_ins);
	if (leaf->num_outs)
		text_add(&t, leaf->num_ins ? " -> " : "-> ");
	names(&t, leaf->outs, leaf->num_outs);
	return t.len;
}
