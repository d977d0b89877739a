/* SPDX-License-Identifier: MIT */
/*
 * Names and explanations of leaves, statuses and operands, from the ABI tables. Needs nothing else,
 * keeps no state.
 *
 * Text functions work as snprintf does: at most size bytes are written, always with the ending 0
 * (unless size is 0); the result is the length of the whole text. Registers are arrays of sixteen
 * in register-index order (RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15).
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum explain_side {
	EXPLAIN_HOST,	/* SEAMCALL */
	EXPLAIN_GUEST,	/* TDCALL */
	EXPLAIN_VMCALL, /* sub-functions of TDG.VP.VMCALL */
};

/* ---- statuses (status.c) ---- */

struct explain_status {
	const char *name;	/* "OPERAND_BUSY", or NULL: not in the tables */
	const char *meaning;	/* one sentence, or NULL */
	const char *class_name; /* or NULL */
	const char *advice;	/* what to do next; never NULL */
	bool error, non_recoverable, fatal, host_recoverability_hint;
	bool software;	   /* the instruction failed, no module answered */
	const char *since; /* the first module that has it, or NULL */
};

/* Everything about a status but its detail. False: the code is not in the tables (name is NULL). */
bool explain_status(uint64_t status, struct explain_status *out);

/*
 * "OPERAND_BUSY(SEPT_TREE)", "SUCCESS", "PAGE_SIZE_MISMATCH(level 1)", or the number if it has no
 * name. leaf is the leaf number of the call (bits 15:0 of RAX) or -1: TDH.VP.ENTER's low half is an
 * exit reason.
 */
size_t explain_status_text(char *buf, size_t size, uint64_t status, enum explain_side side,
			   int leaf);

/* The detail alone: "operand SEPT_TREE (146)", "exit reason EPT_VIOLATION (48)"; empty when there
 * is none. */
size_t explain_status_detail(char *buf, size_t size, uint64_t status, enum explain_side side,
			     int leaf);

/* The value of a status name, with or without TDX_ before it, in any case. False: no such name. */
bool explain_status_by_name(const char *name, uint64_t *status);

/* ---- leaves (leaf.c) ---- */

/* "TDH.MEM.PAGE.ADD", or NULL. */
const char *explain_leaf_name(enum explain_side side, uint32_t number);

struct explain_leaf_id {
	enum explain_side side;
	uint32_t number;
	const char *name;
};

/*
 * A leaf or TDVMCALL sub-function by name (TDH.MEM.PAGE.ADD, tdh_mem_page_add, MapGPA; any case) or
 * by number ("2" and "0x2" are host leaves, "tdg:6" a guest leaf, "vmcall:0x10001" a sub-function).
 */
bool explain_leaf_find(const char *text, struct explain_leaf_id *out);

/* The nearest names to one that does not exist: "TDH.MEM.PAGE.ADD, TDH.MEM.PAGE.AUG"; empty if none
 * is near. */
size_t explain_leaf_suggest(char *buf, size_t size, const char *text);
size_t explain_status_suggest(char *buf, size_t size, const char *text);

/* ---- why a call was refused (reason.c) ---- */

/*
 * What the module recorded. rule is a sentence with places for up to four values: %x hexadecimal,
 * %u decimal, %s a constant string, %t page type, %e secure EPT state, %o OP_STATE, %l life-cycle
 * state, %v vCPU state. NULL: it was not refused.
 */
struct explain_reason {
	uint64_t status;
	const char *rule;
	uint64_t value[4];
	uint64_t operand[16]; /* registers as they were passed */
	uint64_t tdvpr;	      /* the vCPU that the host named, or 0 */
	const char *injected; /* by this fault rule; or NULL */
};

/*
 * "TDH.MEM.PAGE.ADD: PAGE_METADATA_INCORRECT(R8): page 0x1004000 is PT_TDCX of the TD at 0x1000000,
 * must be PT_NDA". leaf: its number, -1: no call.
 */
size_t explain_reason(char *buf, size_t size, const struct explain_reason *r,
		      enum explain_side side, int leaf);

/* ---- one call (call.c) ---- */

/* "TDH.MEM.PAGE.ADD(gpa=0x1000, level=0, tdr=0x40000000, page=0x40010000, source=0x2000)". in:
 * before the call. */
size_t explain_call_in(char *buf, size_t size, enum explain_side side, const uint64_t in[16]);

/*
 * "SUCCESS", "EPT_WALK_FAILED(RCX) sept_entry=0x8000000000000000 level=3 state=FREE": status and
 * outputs. in: before the call, out: after it. TDH.VP.ENTER: the exit, and the TDVMCALL by name.
 */
size_t explain_call_out(char *buf, size_t size, enum explain_side side, const uint64_t in[16],
			const uint64_t out[16]);

/* Both with " = " between: the line of a trace. */
size_t explain_call(char *buf, size_t size, enum explain_side side, const uint64_t in[16],
		    const uint64_t out[16]);

/* A TDVMCALL as the VMM gets it (registers after TDH.VP.ENTER) or the guest makes it:
 * "MapGPA(gpa=0x1000, size=0x2000)". */
size_t explain_vmcall(char *buf, size_t size, const uint64_t regs[16]);

/* Its answer: "RETRY failed_gpa=0x2000". asked: as above; answer: registers of the next entry. */
size_t explain_vmcall_out(char *buf, size_t size, const uint64_t asked[16],
			  const uint64_t answer[16]);

/* "EPT_VIOLATION", or NULL. */
const char *explain_exit_reason(uint16_t basic_reason);

/* What a register holds before (out false) or after a call, as " name  value  meaning" lines;
 * empty: nothing named. */
size_t explain_register(char *buf, size_t size, const struct explain_leaf_id *leaf, unsigned reg,
			bool out, uint64_t status, uint64_t value);

/*
 * A value as the tables' type of that name prints it ("td_attributes", "sept_info", "exit_reason",
 * "field_id" ...). 0: no such type. explain_type_nth() names them, NULL at the end.
 */
size_t explain_value(char *buf, size_t size, const char *type, uint64_t value);
const char *explain_type_nth(size_t n);

/* Why a value can be none of that type: "exit_reason is 0 to 34, 36 ..."; empty: it can be one. */
size_t explain_value_none(char *buf, size_t size, const char *type, uint64_t value);

/*
 * Whether a leaf's name fits a pattern: `*` stands for any characters, `?` for one; case does not
 * matter, '_' is '.'.
 */
bool explain_name_fits(const char *pattern, const char *name);

/* Register index of a name ("rcx", "R8"), or -1; and back. */
int explain_reg_index(const char *name);
const char *explain_reg_name(unsigned reg);

/* ---- metadata fields (field.c) ---- */

/* "TD.ATTRIBUTES", "VMCS.GUEST_CR0", "TD.RTMR[1].2" of a field id; the number in hexadecimal if it
 * has no name. */
size_t explain_field(char *buf, size_t size, uint64_t field_id);

/* The same as a leaf takes it whose fields are all of one context (enum md_context): what context
 * the id names does not count. */
size_t explain_field_of(char *buf, size_t size, unsigned context, uint64_t field_id);

/* ---- kernel logs (log.c) ---- */

/* What the lines before said: start with zeroes. */
struct explain_log {
	bool have_leaf;
	struct explain_leaf_id leaf; /* of the last failed call */
	uint64_t status;
};

/*
 * Explains one line of a kernel log: "SEAMCALL (0x..) failed: 0x..", "SEAMCALL TDH_MNG_CREATE
 * failed: 0x..", and the register dumps that follow. Empty text: there is nothing to explain.
 */
size_t explain_log_line(char *buf, size_t size, struct explain_log *log, const char *line);

/* ---- the table for people (page.c, list.c, json.c) ---- */

/* Everything about one leaf. */
size_t explain_leaf_page(char *buf, size_t size, const struct explain_leaf_id *leaf);
size_t explain_leaf_json(char *buf, size_t size, const struct explain_leaf_id *leaf);

/* Which leaves to list; zero or NULL: all. */
struct explain_filter {
	const char *side;     /* "host", "guest", "vmcall" */
	const char *object;   /* a part of the name between dots: "mem", "page" */
	const char *reg;      /* a register that it takes or returns */
	const char *status;   /* a status that it can return */
	const char *op_state; /* a TD state that allows it */
	const char *since;    /* a module version */
};

/* False, with a sentence in err, when a filter names something that does not exist. */
bool explain_filter_check(const struct explain_filter *filter, char *err, size_t size);

/* The n-th leaf that passes the filter. False: there is none. */
bool explain_leaf_nth(const struct explain_filter *filter, size_t n, struct explain_leaf_id *out);

/* "TDH.MEM.PAGE.ADD  2  gpa, tdr, page, source -> sept_entry, sept_info": the line of a leaf in a
 * list. */
size_t explain_leaf_line(char *buf, size_t size, const struct explain_leaf_id *leaf);

#endif
