// SPDX-License-Identifier: MIT
/*
 * The choice of a trace: see filter.h. Names are looked up once, when they are given.
 */
#include "trace/filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "explain/suggest.h"
#include "gen/leaves.h"

#define MAX_NAME       60
#define MAX_BEGINNINGS 128

static bool is_glob(const char *text)
{
	return strpbrk(text, "*?");
}

static bool bit(const uint64_t *bits, uint64_t number, unsigned max)
{
	return number < max && bits[number / 64] >> (number % 64) & 1;
}

static void set_bit(uint64_t *bits, unsigned number, unsigned max)
{
	if (number < max)
		bits[number / 64] |= 1ull << (number % 64);
}

static void choose_leaf(struct trace_filter *filter, const struct explain_leaf_id *leaf)
{
	filter->leaves = true;
	if (leaf->side != EXPLAIN_VMCALL)
		set_bit(filter->leaf[leaf->side], leaf->number, TRACE_LEAVES);
	else if (filter->vmcalls < TRACE_VMCALLS)
		filter->vmcall[filter->vmcalls++] = leaf->number;
}

static bool choose_leaves(struct trace_filter *filter, const char *pattern)
{
	struct explain_leaf_id leaf;
	bool any = false;

	for (size_t n = 0; explain_leaf_nth(NULL, n, &leaf); n++) {
		if (!explain_name_fits(pattern, leaf.name))
			continue;
		choose_leaf(filter, &leaf);
		any = true;
	}
	return any;
}

/* "TDH.", "TDH.MEM." and so on, each once, with a star. */
struct beginnings {
	char text[MAX_BEGINNINGS][MAX_NAME];
	size_t count;
};

static void add_beginning(struct beginnings *all, const char *name, size_t length)
{
	char *text;

	if (all->count == MAX_BEGINNINGS || length + 2 > MAX_NAME)
		return;
	text = all->text[all->count];
	snprintf(text, MAX_NAME, "%.*s*", (int)length, name);
	for (size_t i = 0; i < all->count; i++) {
		if (!strcmp(all->text[i], text))
			return;
	}
	all->count++;
}

static void suggest_globs(char *near, size_t size, const char *text)
{
	struct beginnings all = { .count = 0 };
	struct suggest s = suggest_start(text);
	struct explain_leaf_id leaf;

	for (size_t n = 0; explain_leaf_nth(NULL, n, &leaf); n++) {
		for (const char *dot = strchr(leaf.name, '.'); dot; dot = strchr(dot + 1, '.'))
			add_beginning(&all, leaf.name, (size_t)(dot + 1 - leaf.name));
	}
	for (size_t i = 0; i < all.count; i++)
		suggest_offer(&s, all.text[i]);
	suggest_text(&s, near, size);
}

static bool too_long(const char *text, char *err, size_t size)
{
	if (strlen(text) <= MAX_NAME)
		return false;
	snprintf(err, size, "'%.20s...' is longer than any name", text);
	return true;
}

/* "no leaf 'X'; did you mean Y?", or what there is. */
static bool unknown(const char *what, const char *text, const char *near, const char *expected,
		    char *err, size_t size)
{
	if (near[0])
		snprintf(err, size, "no %s '%s'; did you mean %s?", what, text, near);
	else
		snprintf(err, size, "no %s '%s'; %s", what, text, expected);
	return false;
}

bool trace_filter_add_leaf(struct trace_filter *filter, const char *text, char *err, size_t size)
{
	struct explain_leaf_id leaf;
	char near[200] = "";

	if (too_long(text, err, size))
		return false;
	if (is_glob(text)) {
		if (choose_leaves(filter, text))
			return true;
		suggest_globs(near, sizeof(near), text);
	} else {
		if (explain_leaf_find(text, &leaf)) {
			choose_leaf(filter, &leaf);
			return true;
		}
		explain_leaf_suggest(near, sizeof(near), text);
	}
	return unknown("leaf", text, near, "`seamless leaf` lists them", err, size);
}

static bool choose_exits(struct trace_filter *filter, const char *pattern)
{
	bool any = false;

	for (unsigned reason = 0; reason < TRACE_REASONS; reason++) {
		const char *name = explain_exit_reason((uint16_t)reason);

		if (!name || !explain_name_fits(pattern, name))
			continue;
		set_bit(filter->exit, reason, TRACE_REASONS);
		filter->exits = any = true;
	}
	return any;
}

static bool choose_exit_number(struct trace_filter *filter, const char *text)
{
	char *end;
	unsigned long reason;

	if (!isdigit((unsigned char)*text))
		return false;
	reason = strtoul(text, &end, 0);
	if (*end || reason >= TRACE_REASONS)
		return false;
	set_bit(filter->exit, (unsigned)reason, TRACE_REASONS);
	return filter->exits = true;
}

bool trace_filter_add_exit(struct trace_filter *filter, const char *text, char *err, size_t size)
{
	struct suggest s = suggest_start(text);
	char near[200] = "";

	if (too_long(text, err, size))
		return false;
	if (choose_exit_number(filter, text) || choose_exits(filter, text))
		return true;
	for (unsigned reason = 0; reason < TRACE_REASONS; reason++) {
		if (explain_exit_reason((uint16_t)reason))
			suggest_offer(&s, explain_exit_reason((uint16_t)reason));
	}
	suggest_text(&s, near, sizeof(near));
	return unknown("exit reason", text, near,
		       "expected a name such as EPT_VIOLATION, or a number below 128", err, size);
}

/* At most two digits. NULL: there is no number. */
static const char *vcpu_number(const char *text, unsigned *number)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 2)
		return NULL;
	*number = (unsigned)strtoul(text, NULL, 10);
	return text + digits;
}

bool trace_filter_add_vcpu(struct trace_filter *filter, const char *text, char *err, size_t size)
{
	unsigned first = 0, last = 0;
	const char *rest = vcpu_number(text, &first);

	last = first;
	if (rest && *rest == '-')
		rest = vcpu_number(rest + 1, &last);
	if (!rest || *rest || first > last || last > TRACE_MAX_VCPU) {
		snprintf(err, size,
			 "'%.40s' is no vCPU: expected a number from 0 to %d, or a range such as "
			 "0-3",
			 text, TRACE_MAX_VCPU);
		return false;
	}
	for (unsigned vcpu = first; vcpu <= last; vcpu++)
		filter->vcpus |= 1ull << vcpu;
	return true;
}

bool trace_filter_all(const struct trace_filter *filter)
{
	return !filter->leaves && !filter->exits;
}

bool trace_filter_vcpu(const struct trace_filter *filter, int lp)
{
	return !filter->vcpus || (lp >= 0 && bit(&filter->vcpus, (uint64_t)lp, 64));
}

/* A sub-function is a call of TDG.VP.VMCALL too. */
static bool has_vmcall(const struct trace_filter *filter, uint64_t number)
{
	if (bit(filter->leaf[EXPLAIN_GUEST], LEAF_TDG_VP_VMCALL, TRACE_LEAVES))
		return true;
	for (unsigned i = 0; i < filter->vmcalls; i++) {
		if (filter->vmcall[i] == number)
			return true;
	}
	return false;
}

static bool has_leaf(const struct trace_filter *filter, const struct trace_call *call)
{
	if (!call->leaf)
		return false;
	if (call->side == EXPLAIN_VMCALL)
		return has_vmcall(filter, call->number);
	return bit(filter->leaf[call->side], call->number, TRACE_LEAVES);
}

static bool has_exit(const struct trace_filter *filter, const struct trace_call *call)
{
	bool seamcall = call->leaf && call->side == EXPLAIN_HOST;

	return !seamcall && bit(filter->exit, call->exit, TRACE_REASONS);
}

bool trace_filter_call(const struct trace_filter *filter, const struct trace_call *call)
{
	return trace_filter_all(filter) || has_leaf(filter, call) || has_exit(filter, call);
}
