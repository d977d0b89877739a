/* SPDX-License-Identifier: MIT */
/*
 * A fault rule: which calls it is for, when it strikes, and with what status.
 * include/seamless/fault.h is its manual. Pure: a rule knows no machine; whoever makes calls asks
 * it before each.
 */
#ifndef FAULT_RULE_H
#define FAULT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULT_TEXT_MAX	 160 /* bytes of a rule, without the ending 0 */
#define FAULT_CONDITIONS 8
#define FAULT_LEAVES	 192 /* at least leaf_table_len */

/* What an object condition compares. */
enum fault_object {
	FAULT_TD,	/* the TD of the call, by its TDR */
	FAULT_VCPU,	/* its vCPU, by its TDVPR */
	FAULT_PAGE,	/* any operand that is the address of a TD's page */
	FAULT_GPA,	/* any operand that is a guest-physical address */
	FAULT_OPERAND,	/* the operand of that name */
	FAULT_REGISTER, /* the register of that index */
};

struct fault_condition {
	enum fault_object object;
	char name[24]; /* FAULT_OPERAND */
	unsigned reg;
	uint64_t from, to;
};

struct fault_rule {
	char text[FAULT_TEXT_MAX + 1];
	uint64_t applies[FAULT_LEAVES / 64]; /* to these rows of leaf_table */
	uint64_t status;
	bool any_detail; /* the text names none */
	unsigned looks;
	int lp;				  /* -1: any */
	uint64_t nth, from, every, times; /* 0: no such condition */
	uint64_t chance;		  /* of 2^53 */
	uint64_t random;		  /* state of the sequence */
	struct fault_condition condition[FAULT_CONDITIONS];
	unsigned conditions;
	uint64_t seen;	   /* calls that fit */
	uint64_t happened; /* counted by who makes the calls */
};

/* Whether the rule is for that row of leaf_table. */
static inline bool fault_rule_applies(const struct fault_rule *rule, size_t row)
{
	return row < FAULT_LEAVES && rule->applies[row / 64] >> row % 64 & 1;
}

/* A call that is about to be made. */
struct fault_call {
	bool guest;	     /* TDCALL */
	const uint64_t *gpr; /* in register-index order */
	unsigned lp;
	uint64_t td, vcpu; /* addresses of TDR and TDVPR; 0: none */
};

/* Reads a rule. False, with a sentence in err: it is wrong. */
bool fault_rule_parse(struct fault_rule *rule, const char *text, size_t len, char *err,
		      size_t size);

/* Counts the call, if it fits; true: the fault is to meet it. */
bool fault_rule_strikes(struct fault_rule *rule, const struct fault_call *call);

/* The status for this leaf, with its detail. */
uint64_t fault_rule_status(const struct fault_rule *rule, const struct fault_call *call);

/* "TDH.MEM.TRACK OPERAND_BUSY(TD_EPOCH)": what strikes this call, as the beginning of a rule. */
size_t fault_rule_strike_text(const struct fault_rule *rule, const struct fault_call *call,
			      char *buf, size_t size);

/*
 * The n-th status that the leaf of this RAX gets by chance, as a rule has it: "OPERAND_BUSY(RCX)".
 * Returns its length; 0: there are no more.
 */
size_t fault_chance(bool guest, uint64_t rax, unsigned n, char *buf, size_t size);

#endif
