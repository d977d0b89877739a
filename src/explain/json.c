// SPDX-License-Identifier: MIT
/*
 * The table of one leaf as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "explain/text.h"

static void key(struct text *t, const char *name)
{
	text_put(t, ',');
	text_json(t, name);
	text_put(t, ':');
}

static void string(struct text *t, const char *name, const char *value)
{
	if (!value)
		return;
	key(t, name);
	text_json(t, value);
}

static void operand(struct text *t, const struct leaf_operand *op)
{
	static const char *const locks[] = { NULL, "shared", "exclusive" };
	static const char *const whens[] = { NULL, "success", "sept_error", "error",
					     "cpuid_config" };

	text_add(t, "{\"register\":\"%s\",\"name\":\"%s\",\"type\":\"%s\"", abi_reg_names[op->reg],
		 op->name, operand_type_table[op->type].name);
	string(t, "meaning", op->meaning);
	string(t, "when", whens[op->when]);
	string(t, "lock", locks[op->lock]);
	if (op->page_type != ABI_NO_PAGE_TYPE)
		string(t, "page_type",
		       number_name(page_type_table, page_type_table_len, op->page_type));
	if (op->min_version)
		text_add(t, ",\"version\":%u", op->min_version);
	text_put(t, '}');
}

static void operands(struct text *t, const char *name, const struct leaf_operand *ops,
		     unsigned count)
{
	key(t, name);
	text_put(t, '[');
	for (unsigned i = 0; i < count; i++) {
		if (i)
			text_put(t, ',');
		operand(t, &ops[i]);
	}
	text_put(t, ']');
}

static void states(struct text *t, const char *name, uint32_t set, const char *const *names,
		   unsigned count)
{
	const char *comma = "";

	if (!set)
		return;
	key(t, name);
	text_put(t, '[');
	for (unsigned i = 0; i < count; i++) {
		if (set >> i & 1) {
			text_add(t, "%s\"%s\"", comma, names[i]);
			comma = ",";
		}
	}
	text_put(t, ']');
}

static void statuses(struct text *t, const struct leaf_desc *leaf)
{
	struct explain_status status;

	key(t, "statuses");
	text_put(t, '[');
	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		const struct leaf_status *s = &leaf->statuses[i];

		explain_status(s->code, &status);
		text_add(t, "%s{\"name\":\"%s\",\"value\":\"0x%016" PRIx64 "\"", i ? "," : "",
			 status.name, s->code);
		string(t, "detail", s->what);
		text_put(t, '}');
	}
	text_put(t, ']');
}

static void checks(struct text *t, const char *lines)
{
	const char *comma = "";
	char line[160];

	if (!lines)
		return;
	key(t, "checks");
	text_put(t, '[');
	while (*lines) {
		size_t len = strcspn(lines, "\n");
		struct text l = text_start(line, sizeof(line));

		text_add(&l, "%.*s", (int)len, lines);
		text_add(t, "%s", comma);
		text_json(t, line);
		comma = ",";
		lines += len;
		lines += *lines == '\n';
	}
	text_put(t, ']');
}

size_t explain_leaf_json(char *buf, size_t size, const struct explain_leaf_id *id)
{
	static const char *const sides[] = { "host", "guest", "vmcall" };
	static const char *const retries[] = { "busy", "entropy", "resumable", "restartable",
					       "incremental" };
	const struct leaf_desc *leaf = leaf_desc_of(id->side, id->number);
	struct text t = text_start(buf, size);

	if (!leaf)
		return 0;
	text_add(&t, "{\"name\":\"%s\",\"number\":%" PRIu32 ",\"class\":\"%s\",\"since\":\"%s\"",
		 leaf->name, leaf->number, sides[leaf->cls], abi_version_names[leaf->since]);
	text_add(&t, ",\"versions\":%s", leaf->versions > 1 ? "[0,1]" : "[0]");
	string(&t, "does", leaf->brief);
	operands(&t, "in", leaf->ins, leaf->num_ins);
	operands(&t, "out", leaf->outs, leaf->num_outs);
	string(&t, "structures", leaf->uses);
	states(&t, "td_states", leaf->op_states, op_state_names, 11);
	states(&t, "sept_states", leaf->sept_states, sept_state_names, 16);
	string(&t, "locks", leaf->locks);
	string(&t, "requires", leaf->requires);
	states(&t, "repeat", leaf->retry, retries, 5);
	string(&t, "interruption", leaf->resume);
	string(&t, "note", leaf->note);
	string(&t, "later", leaf->change);
	checks(&t, leaf->checks);
	statuses(&t, leaf);
	text_put(&t, '}');
	return t.len;
}
