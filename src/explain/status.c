// SPDX-License-Identifier: MIT
/*
 * Statuses: name, class, detail and what to do next.
 */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/suggest.h"
#include "explain/tables.h"
#include "explain/text.h"
#include "gen/leaves.h"
#include "tdx/status.h"

#define NOT_REACHED "the call did not reach a module: load it, or turn on what the processor lacks"

/* The statuses that no module returns: the instruction itself failed. */
static const struct status_desc software_statuses[] = {
	{ "SEAMCALL_VMFAILINVALID", "no module is loaded, or it is not ready for a call",
	  TDX_SEAMCALL_VMFAILINVALID, DETAIL_NONE, ABI_1_5_01, false, NOT_REACHED, CAUSE_NONE },
	{ "SEAMCALL_GP", "#GP on the instruction: TDX is not enabled, or wrong mode or privilege",
	  TDX_SEAMCALL_GP, DETAIL_NONE, ABI_1_5_01, false, NOT_REACHED, CAUSE_NONE },
	{ "SEAMCALL_UD",
	  "#UD on the instruction: VMX is off, no TDX, or the thread is no logical processor",
	  TDX_SEAMCALL_UD, DETAIL_NONE, ABI_1_5_01, false, NOT_REACHED, CAUSE_NONE },
};

#define NUM_SOFTWARE (sizeof(software_statuses) / sizeof(software_statuses[0]))

/* Linux has values of its own for the same (arch/x86/include/asm/tdx.h). */
static uint64_t from_linux(uint64_t status)
{
	static const struct {
		uint64_t theirs, ours;
	} values[] = {
		{ 0x8000ff00ffff0000, TDX_SEAMCALL_VMFAILINVALID },
		{ 0x8000ff000000000d, TDX_SEAMCALL_GP },
		{ 0x8000ff0000000006, TDX_SEAMCALL_UD },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].theirs == status)
			return values[i].ours;
	}
	return status;
}

static const struct status_desc *find(uint64_t code)
{
	for (size_t i = 0; i < NUM_SOFTWARE; i++) {
		if (software_statuses[i].code == code)
			return &software_statuses[i];
	}
	return status_by_code(code);
}

/* A leaf may set FATAL or the recoverability hint on top of a code: the code without them. */
static const struct status_desc *find_status(uint64_t status)
{
	const uint64_t hint = 1ULL << TDX_STATUS_HOST_RECOVERABILITY_HINT_BIT;
	const uint64_t fatal = 1ULL << TDX_STATUS_FATAL_BIT;
	uint64_t code = TDX_STATUS_CODE(status);
	const struct status_desc *desc = find(status == TDX_UNINITIALIZE_ERROR ? status : code);

	if (!desc)
		desc = find(code & ~hint);
	if (!desc)
		desc = find(code & ~fatal);
	return desc ? desc : find(code & ~fatal & ~hint);
}

/* A leaf that sets FATAL on top of a code means what TD_FATAL means. */
static const char *advice(uint64_t status, const struct status_desc *desc)
{
	if (!desc)
		return "not in the tables: trust no more than its error bits";
	if (TDX_STATUS_FATAL(status) && !TDX_STATUS_FATAL(desc->code))
		return find(TDX_TD_FATAL)->advice;
	return desc->advice;
}

bool explain_status(uint64_t status, struct explain_status *out)
{
	const struct status_desc *desc;

	status = from_linux(status);
	desc = find_status(status);
	memset(out, 0, sizeof(*out));
	out->error = TDX_STATUS_ERROR(status);
	out->non_recoverable = TDX_STATUS_NON_RECOVERABLE(status);
	out->fatal = TDX_STATUS_FATAL(status);
	out->host_recoverability_hint = status >> TDX_STATUS_HOST_RECOVERABILITY_HINT_BIT & 1;
	out->software = TDX_STATUS_SOFTWARE(status) && status != TDX_UNINITIALIZE_ERROR;
	out->advice = advice(status, desc);
	out->class_name = out->software ? "software: the instruction itself"
					: number_name(status_class_table, status_class_table_len,
						      (uint32_t)TDX_STATUS_CLASS(status));
	if (!desc)
		return false;
	out->name = desc->name;
	out->meaning = desc->meaning;
	out->since = abi_version_names[desc->since];
	return true;
}

static bool is_vp_enter(enum explain_side side, int leaf)
{
	return (side == EXPLAIN_HOST && leaf == LEAF_TDH_VP_ENTER) ||
	       (side == EXPLAIN_GUEST && leaf == LEAF_TDG_VP_ENTER);
}

/* What the low half says: the leaf's own row knows best (SUCCESS: an exit reason, a count, or
 * nothing). */
static enum status_detail detail_kind(const struct status_desc *desc, enum explain_side side,
				      int leaf)
{
	const struct leaf_desc *row = leaf < 0 ? NULL : leaf_desc_of(side, (uint32_t)leaf);

	for (unsigned i = 0; row && i < row->num_statuses; i++) {
		if (row->statuses[i].code == desc->code && row->statuses[i].detail != DETAIL_NONE)
			return (enum status_detail)row->statuses[i].detail;
	}
	if (desc->code == TDX_SUCCESS && row)
		return DETAIL_NONE;
	return (enum status_detail)desc->detail;
}

/* The detail in few words. Returns false when there is none to tell. */
static bool short_detail(struct text *t, enum status_detail kind, uint32_t detail)
{
	const char *name = NULL;

	if (kind == DETAIL_OPERAND)
		name = number_name(operand_id_table, operand_id_table_len, detail);
	else if (kind == DETAIL_EXIT_REASON)
		name = explain_exit_reason((uint16_t)detail);
	if (name)
		text_add(t, "%s", name);
	else if (kind == DETAIL_LEVEL)
		text_add(t, "level %" PRIu32, detail);
	else if (kind == DETAIL_VM_LEVEL)
		text_add(t, "VM %" PRIu32 ", level %" PRIu32, detail >> 16, detail & 0xFFFF);
	else if (kind == DETAIL_COUNT && detail)
		text_add(t, "%" PRIu32 " not processed", detail);
	else if (detail && kind != DETAIL_COUNT)
		text_add(t, "0x%" PRIx32, detail);
	else
		return false;
	return true;
}

size_t explain_status_text(char *buf, size_t size, uint64_t status, enum explain_side side,
			   int leaf)
{
	const struct status_desc *desc;
	struct text t = text_start(buf, size);
	char detail[64];
	struct text d = text_start(detail, sizeof(detail));

	status = from_linux(status);
	desc = find_status(status);
	if (!desc) {
		text_add(&t, "0x%016" PRIx64, status);
		return t.len;
	}
	text_add(&t, "%s", desc->name);
	if (status == TDX_UNINITIALIZE_ERROR)
		return t.len;
	/* Only the leaves that run something tell an exit reason of 0. */
	if ((desc->code != TDX_SUCCESS || (uint32_t)status || is_vp_enter(side, leaf)) &&
	    short_detail(&d, detail_kind(desc, side, leaf), (uint32_t)status))
		text_add(&t, "(%s)", detail);
	if (TDX_STATUS_FATAL(status) && !TDX_STATUS_FATAL(desc->code))
		text_add(&t, "+FATAL");
	return t.len;
}

static const char *const detail_labels[] = {
	[DETAIL_OPERAND] = "operand",
	[DETAIL_EXIT_REASON] = "exit reason",
	[DETAIL_LEVEL] = "S-EPT level",
	[DETAIL_VM_LEVEL] = "VM, level",
	[DETAIL_MSR] = "MSR",
	[DETAIL_PACKAGE] = "package",
	[DETAIL_CPUID_LEAF] = "CPUID leaf",
	[DETAIL_BYTES] = "indices",
	[DETAIL_LIST_INDEX] = "list index",
	[DETAIL_VMCS_FIELD] = "VMCS field",
	[DETAIL_COUNT] = "entries not processed",
	[DETAIL_SLOT] = "slot",
};

size_t explain_status_detail(char *buf, size_t size, uint64_t status, enum explain_side side,
			     int leaf)
{
	const struct status_desc *desc;
	struct text t = text_start(buf, size);
	enum status_detail kind;
	const char *name = NULL;
	uint32_t detail;

	status = from_linux(status);
	desc = find_status(status);
	detail = (uint32_t)status;
	if (status == TDX_UNINITIALIZE_ERROR)
		return t.len;
	if (!desc) {
		if (detail)
			text_add(&t, "0x%" PRIx32, detail);
		return t.len;
	}
	kind = detail_kind(desc, side, leaf);
	if (kind == DETAIL_NONE ||
	    (!detail && (kind == DETAIL_COUNT || (desc->code == TDX_SUCCESS && leaf < 0)))) {
		if (detail)
			text_add(&t, "0x%" PRIx32 " (none is defined)", detail);
		return t.len;
	}
	if (kind == DETAIL_OPERAND)
		name = number_name(operand_id_table, operand_id_table_len, detail);
	else if (kind == DETAIL_EXIT_REASON)
		name = explain_exit_reason((uint16_t)detail);
	text_add(&t, "%s ", detail_labels[kind]);
	if (name)
		text_add(&t, "%s (%" PRIu32 ")", name, detail);
	else if (kind == DETAIL_VM_LEVEL)
		text_add(&t, "%" PRIu32 ", %" PRIu32, detail >> 16, detail & 0xFFFF);
	else if (kind == DETAIL_BYTES)
		text_add(&t, "%u, %u, %u, %u", detail & 0xFF, detail >> 8 & 0xFF,
			 detail >> 16 & 0xFF, detail >> 24);
	else
		text_number(&t, detail);
	return t.len;
}

bool explain_status_by_name(const char *name, uint64_t *status)
{
	if (!strncasecmp(name, "TDX_", 4))
		name += 4;
	for (size_t i = 0; i < status_table_len; i++) {
		if (!strcasecmp(status_table[i].name, name)) {
			*status = status_table[i].code;
			return true;
		}
	}
	for (size_t i = 0; i < NUM_SOFTWARE; i++) {
		if (!strcasecmp(software_statuses[i].name, name)) {
			*status = software_statuses[i].code;
			return true;
		}
	}
	return false;
}

size_t explain_status_suggest(char *buf, size_t size, const char *text)
{
	struct suggest s = suggest_start(strncasecmp(text, "TDX_", 4) ? text : text + 4);

	for (size_t i = 0; i < status_table_len; i++)
		suggest_offer(&s, status_table[i].name);
	return suggest_text(&s, buf, size);
}
