// SPDX-License-Identifier: MIT
/*
 * Statuses as rules name them, and the leaves that can give them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "explain/text.h"
#include "fault/status.h"
#include "tdx/status.h"

#define RAX_LEAF      0xffffull
#define CLASS_GENERAL 0x00
#define CLASS_L2      0x11

const struct leaf_desc *fault_leaf(bool guest, uint64_t rax)
{
	const struct leaf_desc *leaf =
		leaf_by_number(guest ? LEAF_GUEST : LEAF_HOST, (uint32_t)(rax & RAX_LEAF));

	return leaf && leaf->since == ABI_1_5_01 ? leaf : NULL;
}

static bool is_vp_enter(const struct leaf_desc *leaf)
{
	return leaf->number ==
	       (leaf->cls == LEAF_HOST ? (unsigned)LEAF_TDH_VP_ENTER : (unsigned)LEAF_TDG_VP_ENTER);
}

/* What such a leaf returns after a guest has run. */
static bool ends_a_run(const struct leaf_desc *leaf, uint64_t code)
{
	uint64_t class = TDX_STATUS_CLASS(code);

	return is_vp_enter(leaf) && (class == CLASS_GENERAL || class == CLASS_L2 ||
				     code == TDX_HOST_PRIORITY_BUSY_TIMEOUT);
}

static bool lists(const struct leaf_desc *leaf, uint64_t status, bool any_detail)
{
	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		const struct leaf_status *s = &leaf->statuses[i];

		if (s->code != TDX_STATUS_CODE(status))
			continue;
		if (any_detail || (s->detail != DETAIL_OPERAND && s->detail != DETAIL_NONE) ||
		    s->id == TDX_STATUS_DETAIL(status))
			return true;
	}
	return false;
}

/* What a guest's leaf meets without its table saying so: the host's priority on a lock, and
 * interrupts. */
static uint64_t listed_as(const struct leaf_desc *leaf, uint64_t status)
{
	uint64_t code = TDX_STATUS_CODE(status);

	if (leaf->cls != LEAF_GUEST ||
	    (code != TDX_OPERAND_BUSY_HOST_PRIORITY && code != TDX_HOST_PRIORITY_BUSY_TIMEOUT))
		return status;
	return TDX_OPERAND_BUSY | TDX_STATUS_DETAIL(status);
}

bool fault_status_fits(const struct leaf_desc *leaf, uint64_t status, bool any_detail)
{
	uint64_t code = TDX_STATUS_CODE(status);

	if (leaf->since != ABI_1_5_01 || code == TDX_SUCCESS || ends_a_run(leaf, code))
		return false;
	if (leaf->cls == LEAF_GUEST && code == TDX_INTERRUPTED_RESUMABLE)
		return leaf->resume;
	return lists(leaf, listed_as(leaf, status), any_detail);
}

uint64_t fault_status_first(const struct leaf_desc *leaf, uint64_t code)
{
	uint64_t listed = listed_as(leaf, code);

	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		if (leaf->statuses[i].code == listed && leaf->statuses[i].detail == DETAIL_OPERAND)
			return code | leaf->statuses[i].id;
	}
	return code;
}

size_t fault_status_text(uint64_t status, bool with_detail, char *buf, size_t size)
{
	const struct status_desc *desc = status_by_code(TDX_STATUS_CODE(status));
	uint32_t detail = (uint32_t)TDX_STATUS_DETAIL(status);
	const char *name = number_name(operand_id_table, operand_id_table_len, detail);

	if (!desc)
		return (size_t)snprintf(buf, size, "0x%" PRIx64, status);
	if (!with_detail)
		return (size_t)snprintf(buf, size, "%s", desc->name);
	return desc->detail == DETAIL_OPERAND && name
		       ? (size_t)snprintf(buf, size, "%s(%s)", desc->name, name)
		       : (size_t)snprintf(buf, size, "%s(0x%" PRIx32 ")", desc->name, detail);
}

size_t fault_status_list(const struct leaf_desc *leaf, char *buf, size_t size)
{
	static const uint64_t unlisted[] = { TDX_INTERRUPTED_RESUMABLE,
					     TDX_OPERAND_BUSY_HOST_PRIORITY,
					     TDX_HOST_PRIORITY_BUSY_TIMEOUT };
	struct text list = text_start(buf, size);
	char text[80];

	for (unsigned i = 0; i < leaf->num_statuses; i++) {
		const struct leaf_status *s = &leaf->statuses[i];

		if (!fault_status_fits(leaf, s->code, true))
			continue;
		fault_status_text(s->code | s->id, s->detail == DETAIL_OPERAND, text, sizeof(text));
		text_add(&list, "%s%s", list.len ? ", " : "", text);
	}
	for (size_t i = 0; i < sizeof(unlisted) / sizeof(unlisted[0]); i++) {
		if (leaf->cls != LEAF_GUEST || !fault_status_fits(leaf, unlisted[i], true))
			continue;
		fault_status_text(unlisted[i], false, text, sizeof(text));
		text_add(&list, "%s%s", list.len ? ", " : "", text);
	}
	return list.len;
}

static bool parse_detail(const char *text, uint64_t *detail)
{
	char *end;

	for (size_t i = 0; i < operand_id_table_len; i++) {
		if (!strcasecmp(operand_id_table[i].name, text)) {
			*detail = operand_id_table[i].number;
			return true;
		}
	}
	errno = 0;
	*detail = strtoull(text, &end, 0);
	return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *detail <= UINT32_MAX;
}

static bool unknown(const char *name, char *err, size_t size)
{
	char near[200];

	explain_status_suggest(near, sizeof(near), name);
	snprintf(err, size, "no status '%s'%s%s%s", name, near[0] ? "; did you mean " : "", near,
		 near[0] ? "?" : "");
	return false;
}

bool fault_status_parse(const char *text, uint64_t *status, bool *any_detail, char *err,
			size_t size)
{
	const char *open = strchr(text, '(');
	size_t len = open ? (size_t)(open - text) : strlen(text);
	char name[64], detail[64];
	uint64_t number = 0;

	*any_detail = !open;
	if (len >= sizeof(name) || (open && strlen(open) >= sizeof(detail))) {
		snprintf(err, size, "no status '%.60s...'", text);
		return false;
	}
	memcpy(name, text, len);
	name[len] = 0;
	if (!explain_status_by_name(name, status))
		return unknown(name, err, size);
	if (TDX_STATUS_SOFTWARE(*status)) {
		snprintf(err, size, "%s comes from the instruction, not from a leaf", name);
		return false;
	}
	if (!open)
		return true;
	snprintf(detail, sizeof(detail), "%s", open + 1);
	len = strlen(detail);
	if (len < 2 || detail[len - 1] != ')') {
		snprintf(err, size, "'%s': the detail ends in ')'", text);
		return false;
	}
	detail[len - 1] = 0;
	if (!parse_detail(detail, &number)) {
		snprintf(err, size, "'%s' is neither an operand (RCX, SEPT_TREE ...) nor a number",
			 detail);
		return false;
	}
	*status |= number;
	return true;
}
