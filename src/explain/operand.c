// SPDX-License-Identifier: MIT
/*
 * Operands by type: see operand.h. A value with bits outside its type's fields is printed whole, so
 * that no bit is hidden.
 */
#include "explain/operand.h"

#include <inttypes.h>
#include <strings.h>

#include "explain/explain.h"
#include "explain/tables.h"
#include "gen/structures.h"

#define NONE	  UINT64_MAX
#define PAGE_BITS 0x000FFFFFFFFFF000ULL
#define TOP_BITS  0xFFF0000000000000ULL

static void hex(struct text *t, uint64_t value)
{
	text_add(t, "0x%" PRIx64, value);
}

static void gpa_level(struct text *t, uint64_t value, const char *separator)
{
	if (value & ~(PAGE_BITS | 7)) {
		hex(t, value);
		return;
	}
	hex(t, value & PAGE_BITS);
	text_add(t, "%slevel=%u", separator, (unsigned)(value & 7));
}

static void address_or_none(struct text *t, uint64_t value)
{
	if (value == NONE)
		text_add(t, "none");
	else
		hex(t, value);
}

/* An address with a flag in bit 0. */
static void flagged(struct text *t, uint64_t value, const char *separator)
{
	hex(t, value & ~1ULL);
	if (value & 1)
		text_add(t, "%sflags=1", separator);
}

static void vp_enter(struct text *t, uint64_t value, const char *separator)
{
	const uint64_t hint = VP_ENTER_RCX_HOST_RECOVERABILITY_HINT_MASK,
		       l1 = VP_ENTER_RCX_RESUME_L1_MASK;

	hex(t, value & ~(hint | l1));
	if (value & hint)
		text_add(t, "%shost_recoverability_hint", separator);
	if (value & l1)
		text_add(t, "%sresume_l1", separator);
}

static void named(struct text *t, const struct named_number *table, size_t len, uint64_t value)
{
	const char *name = value <= UINT32_MAX ? number_name(table, len, (uint32_t)value) : NULL;

	if (name)
		text_add(t, "%s", name);
	else
		text_number(t, value);
}

static void page_size(struct text *t, uint64_t value)
{
	static const char *const names[] = { "4K", "2M", "1G" };

	if (value < 3)
		text_add(t, "%s", names[value]);
	else
		text_number(t, value);
}

static void sept_info(struct text *t, uint64_t value, const char *separator)
{
	text_add(t, "%u%sstate=", (unsigned)(value & SEPT_INFO_LEVEL_MASK), separator);
	named(t, sept_rd_state_table, sept_rd_state_table_len,
	      (value & SEPT_INFO_STATE_MASK) >> SEPT_INFO_STATE_SHIFT);
	if (value & SEPT_INFO_VM_MASK)
		text_add(t, "%svm=%u", separator,
			 (unsigned)((value & SEPT_INFO_VM_MASK) >> SEPT_INFO_VM_SHIFT));
}

static void list_info(struct text *t, uint64_t value, const char *separator)
{
	unsigned first = (unsigned)(value >> GPA_LIST_INFO_FIRST_ENTRY_SHIFT & 0x1FF);

	hex(t, value & PAGE_BITS);
	text_add(t, "%sentries=%u-%u", separator, first,
		 (unsigned)(value >> GPA_LIST_INFO_LAST_ENTRY_SHIFT));
}

static void migs(struct text *t, uint64_t value, const char *separator)
{
	uint64_t other = value & ~((uint64_t)MIGS_INDEX_AND_CMD_COMMAND_MASK | 0xFFFF);

	text_add(t, "%u", (unsigned)(value & 0xFFFF));
	if (value & MIGS_INDEX_AND_CMD_COMMAND_MASK)
		text_add(t, "%scommand=1", separator);
	if (other)
		text_add(t, "%sreserved=0x%" PRIx64, separator, other);
}

static void attributes(struct text *t, uint64_t value)
{
	const char *bar = "";

	hex(t, value);
	for (size_t i = 0; i < td_attribute_table_len; i++) {
		if (value >> td_attribute_table[i].number & 1) {
			text_add(t, "%s%s", *bar ? bar : "[", td_attribute_table[i].name);
			bar = "|";
		}
	}
	if (*bar)
		text_add(t, "]");
}

static void exit_qualification(struct text *t, uint64_t value, const char *separator)
{
	hex(t, value & 0xFFFFFFFF);
	if (value >> 32 & 3)
		text_add(t, "%svm=%u", separator, (unsigned)(value >> 32 & 3));
}

static void ext_exit_qualification(struct text *t, uint64_t value, const char *separator)
{
	named(t, ext_exit_type_table, ext_exit_type_table_len,
	      value & EXT_EXIT_QUALIFICATION_TYPE_MASK);
	if (value >> 32)
		text_add(t, "%sext_info=0x%" PRIx64, separator, value >> 32);
}

static void intr_info(struct text *t, uint64_t value, const char *separator)
{
	hex(t, value);
	if (value & INTR_INFO_VALID_MASK)
		text_add(t, "%svector=%u", separator, (unsigned)(value & INTR_INFO_VECTOR_MASK));
}

static void field_id(struct text *t, uint64_t value)
{
	char name[80];

	if (value == NONE) {
		text_add(t, "none");
		return;
	}
	explain_field(name, sizeof(name), value);
	text_add(t, "%s", name);
}

static void add_value(struct text *t, enum operand_type type, uint64_t value, const char *separator)
{
	switch (type) {
	case OPERAND_TYPE_GPA_LEVEL:
	case OPERAND_TYPE_GPA_4K: return gpa_level(t, value, separator);
	case OPERAND_TYPE_GPA_LEVEL_PENDING:
		gpa_level(t, value & ~(1ULL << 62), separator);
		if (value >> 62 & 1)
			text_add(t, "%spending", separator);
		return;
	case OPERAND_TYPE_TDR_FLAG: return flagged(t, value, separator);
	case OPERAND_TYPE_VP_ENTER_RCX: return vp_enter(t, value, separator);
	case OPERAND_TYPE_PAGE_OR_NULL:
	case OPERAND_TYPE_SHARED_PA_OR_NULL: return address_or_none(t, value);
	case OPERAND_TYPE_FIELD_ID: return field_id(t, value);
	case OPERAND_TYPE_PAGE_TYPE: return named(t, page_type_table, page_type_table_len, value);
	case OPERAND_TYPE_PAGE_SIZE: return page_size(t, value);
	case OPERAND_TYPE_SEPT_INFO: return sept_info(t, value, separator);
	case OPERAND_TYPE_GPA_LIST_INFO:
	case OPERAND_TYPE_PAGE_LIST_INFO: return list_info(t, value, separator);
	case OPERAND_TYPE_MBMD_INFO:
		hex(t, value & ~TOP_BITS);
		return text_add(t, "%smbmd_size=%u", separator, (unsigned)(value >> 52));
	case OPERAND_TYPE_MIGS: return migs(t, value, separator);
	case OPERAND_TYPE_TD_ATTRIBUTES: return attributes(t, value);
	case OPERAND_TYPE_CPUID_LEAF:
		hex(t, value & 0xFFFFFFFF);
		return text_add(t, "%ssubleaf=0x%" PRIx64, separator, value >> 32);
	case OPERAND_TYPE_EXIT_QUALIFICATION: return exit_qualification(t, value, separator);
	case OPERAND_TYPE_EXT_EXIT_QUALIFICATION:
		return ext_exit_qualification(t, value, separator);
	case OPERAND_TYPE_INTR_INFO: return intr_info(t, value, separator);
	case OPERAND_TYPE_EXIT_REASON:
		return named(t, exit_reason_table, exit_reason_table_len, value);
	case OPERAND_TYPE_VCPU_COUNTS:
		return text_add(t, "%u%smax_vcpus=%u", (unsigned)value, separator,
				(unsigned)(value >> 32));
	default: return text_number(t, value);
	}
}

void operand_add(struct text *t, const struct leaf_operand *op, uint64_t value,
		 const char *separator)
{
	/* The information beside an entry reads better by its parts. */
	text_add(t, "%s=", op->type == OPERAND_TYPE_SEPT_INFO ? "level" : op->name);
	add_value(t, (enum operand_type)op->type, value, separator);
}

size_t explain_value(char *buf, size_t size, const char *type, uint64_t value)
{
	struct text t = text_start(buf, size);

	for (unsigned i = 0; i < NUM_OPERAND_TYPES; i++) {
		if (strcasecmp(operand_type_table[i].name, type) != 0)
			continue;
		if (i == OPERAND_TYPE_SEPT_INFO)
			text_add(&t, "level=");
		add_value(&t, (enum operand_type)i, value, ", ");
	}
	return t.len;
}

const char *explain_type_nth(size_t n)
{
	return n < NUM_OPERAND_TYPES ? operand_type_table[n].name : NULL;
}
