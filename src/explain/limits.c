// SPDX-License-Identifier: MIT
/*
 * Which values a type has: what a number that is none of them is told with.
 */
#include <inttypes.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "explain/text.h"
#include "gen/structures.h"

#define NONE		  UINT64_MAX
#define MAX_LEVEL	  4
#define PAGE_ADDRESS_BITS 0x000FFFFFFFFFF000ULL
#define LOW(bits)	  ((UINT64_C(1) << (bits)) - 1)

/* A field of a type: the numbers of a table, or 0 to a last one. */
struct part {
	enum operand_type type;
	const char *name;
	uint64_t mask;
	const struct named_number *table;
	const size_t *count; /* of the table */
	uint64_t last;	     /* without a table */
};

static const struct named_number width_table[] = { { "1", 1 }, { "2", 2 }, { "4", 4 }, { "8", 8 } };
static const size_t width_table_len = sizeof(width_table) / sizeof(width_table[0]);

#define TABLE(table) table##_table, &table##_table_len, 0
#define UP_TO(last)  NULL, NULL, last

static const struct part parts[] = {
	{ OPERAND_TYPE_FLAG, "flag", NONE, UP_TO(1) },
	{ OPERAND_TYPE_GPA_LEVEL, "level", 7, UP_TO(MAX_LEVEL) },
	{ OPERAND_TYPE_GPA_LEVEL_PENDING, "level", 7, UP_TO(MAX_LEVEL) },
	{ OPERAND_TYPE_GPA_4K, "level", 7, UP_TO(0) },
	{ OPERAND_TYPE_SERVTD_TYPE, "servtd_type", NONE, UP_TO(0xffff) },
	{ OPERAND_TYPE_SEPT_INFO, "level", SEPT_INFO_LEVEL_MASK, UP_TO(MAX_LEVEL) },
	{ OPERAND_TYPE_SEPT_INFO, "state", SEPT_INFO_STATE_MASK, TABLE(sept_rd_state) },
	{ OPERAND_TYPE_PAGE_TYPE, "page_type", NONE, TABLE(page_type) },
	{ OPERAND_TYPE_PAGE_SIZE, "page_size", NONE, UP_TO(2) },
	{ OPERAND_TYPE_SELF_ID, "self_id", NONE, UP_TO(0) },
	{ OPERAND_TYPE_WIDTH, "width", NONE, TABLE(width) },
	{ OPERAND_TYPE_DIRECTION, "direction", NONE, UP_TO(1) },
	{ OPERAND_TYPE_PORT, "port", NONE, UP_TO(0xffff) },
	{ OPERAND_TYPE_VECTOR, "vector", NONE, UP_TO(0xff) },
	{ OPERAND_TYPE_EXT_EXIT_QUALIFICATION, "type", EXT_EXIT_QUALIFICATION_TYPE_MASK,
	  TABLE(ext_exit_type) },
	{ OPERAND_TYPE_EXIT_REASON, "exit_reason", NONE, TABLE(exit_reason) },
};

/* The bits of types that do not have all. */
static const struct {
	enum operand_type type;
	uint64_t mask;
} masks[] = {
	{ OPERAND_TYPE_U32, LOW(32) },
	{ OPERAND_TYPE_U16, LOW(16) },
	{ OPERAND_TYPE_GPA_LEVEL, PAGE_ADDRESS_BITS | 7 },
	{ OPERAND_TYPE_GPA_4K, PAGE_ADDRESS_BITS | 7 },
	{ OPERAND_TYPE_GPA_LEVEL_PENDING, UINT64_C(1) << 62 | PAGE_ADDRESS_BITS | 7 },
	{ OPERAND_TYPE_TDR_FLAG, PAGE_ADDRESS_BITS | 1 },
	{ OPERAND_TYPE_VP_ENTER_RCX,
	  ~(VP_ENTER_RCX_RESERVED_0_MASK | VP_ENTER_RCX_RESERVED_1_MASK) },
	{ OPERAND_TYPE_HKID, LOW(16) },
	{ OPERAND_TYPE_GPA_LIST_INFO, ~GPA_LIST_INFO_RESERVED_0_MASK },
	{ OPERAND_TYPE_PAGE_LIST_INFO, PAGE_LIST_INFO_HPA_MASK | PAGE_LIST_INFO_LAST_ENTRY_MASK },
	{ OPERAND_TYPE_MIGS, MIGS_INDEX_AND_CMD_COMMAND_MASK | LOW(16) },
	{ OPERAND_TYPE_SEPT_INFO, SEPT_INFO_LEVEL_MASK | SEPT_INFO_STATE_MASK | SEPT_INFO_VM_MASK },
	{ OPERAND_TYPE_MSR, LOW(32) },
	{ OPERAND_TYPE_EXIT_QUALIFICATION, EXIT_QUALIFICATION_VM_MASK | LOW(32) },
	{ OPERAND_TYPE_EXT_EXIT_QUALIFICATION, ~EXT_EXIT_QUALIFICATION_RSVD_MASK },
	{ OPERAND_TYPE_INTR_INFO, LOW(32) & ~INTR_INFO_RESERVED_MASK },
	{ OPERAND_TYPE_VMCALL_MASK, LOW(32) },
	{ OPERAND_TYPE_L2_ENTER_RCX, UINT64_C(3) << 52 | 3 },
};

static bool has(const struct part *p, uint64_t number)
{
	if (!p->table)
		return number <= p->last;
	return number <= UINT32_MAX && number_name(p->table, *p->count, (uint32_t)number);
}

static uint64_t last_of(const struct part *p)
{
	uint64_t last = p->last;

	for (size_t i = 0; p->table && i < *p->count; i++)
		last = p->table[i].number > last ? p->table[i].number : last;
	return last;
}

/* "0 to 34, 36, 37, 39 to 76" */
static void add_numbers(struct text *t, const struct part *p)
{
	uint64_t last = last_of(p), end;
	const char *comma = "";

	for (uint64_t n = 0; n <= last; n = end + 1) {
		end = n;
		if (!has(p, n))
			continue;
		if (has(p, n + 1) && has(p, n + 2)) {
			while (end < last && has(p, end + 1))
				end++;
		}
		text_add(t, end > n ? "%s%" PRIu64 " to %" PRIu64 : "%s%" PRIu64, comma, n, end);
		comma = ", ";
	}
}

static uint64_t bits_of(enum operand_type type)
{
	uint64_t attributes = 0;

	for (size_t i = 0; i < td_attribute_table_len; i++)
		attributes |= UINT64_C(1) << td_attribute_table[i].number;
	if (type == OPERAND_TYPE_TD_ATTRIBUTES)
		return attributes;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		if (masks[i].type == type)
			return masks[i].mask;
	}
	return NONE;
}

/* Part by part; the first that is wrong is told. */
static void add_wrong_part(struct text *t, enum operand_type type, uint64_t value)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct part *p = &parts[i];

		if (p->type != type || has(p, (value & p->mask) >> __builtin_ctzll(p->mask)))
			continue;
		text_add(t, "%s is ", p->name);
		add_numbers(t, p);
		return;
	}
}

size_t explain_value_none(char *buf, size_t size, const char *type, uint64_t value)
{
	struct text t = text_start(buf, size);
	char field[80];

	for (unsigned i = 0; i < NUM_OPERAND_TYPES; i++) {
		uint64_t bits = bits_of((enum operand_type)i);

		if (strcasecmp(operand_type_table[i].name, type) != 0)
			continue;
		if (value & ~bits)
			text_add(&t, "bits 0x%" PRIx64 " are reserved", value & ~bits);
		else if (i == OPERAND_TYPE_FIELD_ID && value != NONE &&
			 explain_field(field, sizeof(field), value) && field[0] == '0')
			text_add(&t, "no metadata field has that number");
		else
			add_wrong_part(&t, (enum operand_type)i, value);
	}
	return t.len;
}
