// SPDX-License-Identifier: MIT
/*
 * Typed calls against recorded answers of a module. For each SEAMCALL and TDCALL of the transcripts on stdin the
 * typed call is made with the line's operands: it must present the line's registers and return the line's status and
 * outputs. Each typed call must have a line. A register that the module changed and the tables don't name as an output is an error of the tables.
 */
#define TDX_WANT_IDLE_LEAVES
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recorder.h"
#include "typed_calls.h"

#define LINE_SIZE 65536
/* What stands for a value that the line leaves open, or refers to. */
#define ANY_VALUE 0x0A0B0C0D0E0F1011ULL

struct line {
	enum leaf_class cls;
	bool stays; /* control comes back to the caller */
	uint64_t in[16], out[16];
	uint16_t told; /* registers that the line's result names */
	bool l2;       /* an L2 guest goes on */
};

#define NUM_CALLS (sizeof(typed_calls) / sizeof(typed_calls[0]))

static unsigned long made, skipped, failures, lines_of[NUM_CALLS];

static int register_index(const char *token, size_t len)
{
	for (int reg = 0; reg < 16; reg++) {
		if (strlen(abi_reg_names[reg]) == len && !strncasecmp(abi_reg_names[reg], token, len))
			return reg;
	}
	return -1;
}

/* "rcx=1000": sets the register; other tokens say nothing of general registers. */
static void take_token(const char *token, uint64_t regs[16], uint16_t *told)
{
	const char *equals = strchr(token, '=');
	int reg = equals ? register_index(token, (size_t)(equals - token)) : -1;

	if (reg < 0)
		return;
	regs[reg] = isxdigit((unsigned char)equals[1]) ? strtoull(equals + 1, NULL, 16) : ANY_VALUE;
	*told |= (uint16_t)(1u << reg);
}

/* "[RPT n] S lp regs => KIND regs". False: another kind of line. */
static bool parse(char *text, struct line *line)
{
	uint16_t unused = 0;
	char *save, *token;
	char kind;

	memset(line, 0, sizeof(*line));
	token = strtok_r(text, " \n", &save);
	if (token && !strcmp(token, "RPT") && strtok_r(NULL, " \n", &save))
		token = strtok_r(NULL, " \n", &save);
	if (!token || (strcmp(token, "S") && strcmp(token, "C")))
		return false;
	kind = token[0];
	line->cls = kind == 'S' ? LEAF_HOST : LEAF_GUEST;
	if (!strtok_r(NULL, " \n", &save))
		return false;
	while ((token = strtok_r(NULL, " \n", &save)) && strcmp(token, "=>"))
		take_token(token, line->in, &unused);
	token = strtok_r(NULL, " \n", &save);
	if (!token)
		return false;
	line->stays = (kind == 'S') == !strcmp(token, "V");
	memcpy(line->out, line->in, sizeof(line->out));
	while ((token = strtok_r(NULL, " \n", &save)) && *token != '#') {
		take_token(token, line->out, &line->told);
		line->l2 |= !strncmp(token, "vm=", 3);
	}
	/* TDG.VP.ENTER comes back when L1 goes on. */
	if (line->cls == LEAF_GUEST && line->in[GPR_RAX] == LEAF_TDG_VP_ENTER && line->l2)
		line->stays = false;
	return true;
}

static const struct typed_call *find(enum leaf_class cls, uint64_t rax)
{
	for (size_t i = 0; i < sizeof(typed_calls) / sizeof(typed_calls[0]); i++) {
		const struct typed_call *call = &typed_calls[i];

		if (call->cls == cls && (call->number | (uint64_t)call->version << 16) == rax)
			return call;
	}
	return NULL;
}

static void fail(const struct typed_call *call, const char *what, unsigned reg, unsigned long number)
{
	if (failures++ < 20)
		fprintf(stderr, "line %lu: %s: %s (%s)\n", number, call->name, what, abi_reg_names[reg]);
}

static void check(const struct typed_call *call, const struct line *line, unsigned long number)
{
	const struct leaf_desc *leaf = leaf_by_number(call->cls, call->number);
	uint16_t in = leaf->in_mask[call->version], out = leaf->out_mask[call->version];
	uint16_t named = named_outputs(leaf, call->version);
	struct probe p = { 0 };

	recorder_reset(out);
	memcpy(recorder.answer.gpr, line->out, sizeof(line->out));
	/* What is no output of the leaf is garbage as far as the call may know. */
	for (unsigned reg = 1; reg < 16; reg++) {
		if (!(out >> reg & 1))
			recorder.answer.gpr[reg] = RECORDER_ANSWER(reg);
	}
	call->run(line->in, &p);
	if (recorder.seen.gpr[GPR_RAX] != line->in[GPR_RAX] || p.status != line->out[GPR_RAX])
		fail(call, "leaf number or status", 0, number);
	for (unsigned reg = 1; reg < 16; reg++) {
		if (in >> reg & 1 && recorder.seen.gpr[reg] != line->in[reg])
			fail(call, "operand not as recorded", reg, number);
		if (named >> reg & 1 && p.out[reg] != line->out[reg])
			fail(call, "output not as recorded", reg, number);
		if (line->told >> reg & 1 && !(out >> reg & 1) && line->out[reg] != line->in[reg])
			fail(call, "changed by the module, no output in the tables", reg, number);
	}
}

static void count_calls_without_a_line(void)
{
	for (size_t i = 0; i < NUM_CALLS; i++) {
		if (lines_of[i])
			continue;
		fprintf(stderr, "%s: no line of the transcripts makes this call\n", typed_calls[i].name);
		failures++;
	}
}

int main(int argc, char **argv)
{
	unsigned long number = 0, least = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	char *text = malloc(LINE_SIZE);
	struct line line;

	if (!text)
		return 1;
	while (fgets(text, LINE_SIZE, stdin)) {
		const struct typed_call *call;

		number++;
		if (!parse(text, &line))
			continue;
		call = line.stays ? find(line.cls, line.in[GPR_RAX]) : NULL;
		if (!call) {
			skipped++;
			continue;
		}
		check(call, &line, number);
		lines_of[call - typed_calls]++;
		made++;
	}
	free(text);
	count_calls_without_a_line();
	printf("%lu calls made, %lu without a typed call or entering the other side, %lu failures\n", made, skipped,
	       failures);
	return failures || made < least;
}
