// SPDX-License-Identifier: MIT
/*
 * S, C and X lines: registers before, where execution continues, registers after.
 */
#include "replay/scan.h"

#define GPR_DIGITS 16
#define XMM_DIGITS 32

static const char *const gpr_names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					   "r8",  "r9",	 "r10", "r11", "r12", "r13", "r14", "r15" };

/* The register a name stands for; *digits is its width. NULL: none, or RSP, which is not modelled.
 */
static struct transcript_value *find_reg(struct transcript_regs *regs, struct word name,
					 unsigned *digits)
{
	unsigned n = 0;

	*digits = GPR_DIGITS;
	for (unsigned i = 0; i < 16; i++) {
		if (i != 4 && word_is(name, gpr_names[i]))
			return &regs->gpr[i];
	}
	if (name.len < 2 || name.len > 3 || name.at[0] != 'x')
		return NULL;
	for (size_t i = 1; i < name.len; i++) {
		if (name.at[i] < '0' || name.at[i] > '9')
			return NULL;
		n = n * 10 + (unsigned)(name.at[i] - '0');
	}
	*digits = XMM_DIGITS;
	return n < 16 ? &regs->xmm[n] : NULL;
}

/* Where a 32-bit part of the VM exit is kept. */
static uint32_t *find_exit32(struct seamless_vm_exit *exit, struct word name)
{
	const struct {
		const char *name;
		uint32_t *value;
	} parts[] = {
		{ "reason", &exit->reason },	{ "ilen", &exit->instr_length },
		{ "info", &exit->intr_info },	{ "err", &exit->intr_error },
		{ "idt", &exit->idt_info },	{ "idterr", &exit->idt_error },
		{ "iinfo", &exit->instr_info },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (word_is(name, parts[i].name))
			return parts[i].value;
	}
	return NULL;
}

static uint64_t *find_exit64(struct transcript_call *c, struct word name)
{
	if (word_is(name, "qual"))
		return &c->exit.qualification;
	if (word_is(name, "gpa"))
		return &c->exit.guest_physical;
	if (word_is(name, "gla"))
		return &c->exit.guest_linear;
	return word_is(name, "rip") ? &c->rip : NULL;
}

/* v.ENC=value */
static bool read_field(struct transcript *t, struct transcript_call *c, struct word name,
		       struct word value)
{
	struct transcript_field *f = &c->field[c->fields];
	uint64_t encoding;

	if (c->fields == TRANSCRIPT_FIELDS)
		return scan_wrong(t, "more than %u VMCS fields", TRANSCRIPT_FIELDS);
	name = (struct word){ name.at + 2, name.len - 2 };
	if (!word_hex(t, name, UINT32_MAX, &encoding))
		return false;
	f->encoding = (uint32_t)encoding;
	c->fields++;
	return word_input(t, value, GPR_DIGITS, &f->value);
}

static bool read_exit_part(struct transcript *t, struct transcript_call *c, struct word name,
			   struct word value)
{
	uint32_t *part = find_exit32(&c->exit, name);
	uint64_t *wide = find_exit64(c, name), number;

	if (wide)
		return word_hex(t, value, UINT64_MAX, wide);
	if (name.len > 2 && name.at[0] == 'v' && name.at[1] == '.')
		return read_field(t, c, name, value);
	if (!part)
		return scan_wrong(t, "unknown input '%.*s'", SHOWN(name));
	if (!word_hex(t, value, UINT32_MAX, &number))
		return false;
	*part = (uint32_t)number;
	return true;
}

static bool read_input(struct transcript *t, struct transcript_event *e, struct word w)
{
	struct transcript_call *c = &e->call;
	struct transcript_value *reg;
	struct word name, value;
	unsigned digits;

	if (!word_split(t, w, &name, &value))
		return false;
	reg = find_reg(&c->in, name, &digits);
	if (reg)
		return word_input(t, value, digits, reg);
	if (word_is(name, "dt")) {
		c->has_ticks = true;
		return word_hex(t, value, UINT64_MAX, &c->ticks);
	}
	if (e->kind == TRANSCRIPT_SEAMCALL)
		return scan_wrong(t, "unknown input '%.*s'", SHOWN(name));
	return read_exit_part(t, c, name, value);
}

static bool read_inputs(struct scan *s, struct transcript_event *e)
{
	struct word w;

	while (scan_need(s, &w, "=>")) {
		if (word_is(w, "=>"))
			return true;
		if (!read_input(s->t, e, w))
			return false;
	}
	return false;
}

/* What a guest entry has besides registers. */
static struct transcript_value *find_entry_part(struct transcript_call *c, struct word name)
{
	if (!c->to_guest)
		return NULL;
	if (word_is(name, "rip"))
		return &c->out_rip;
	if (word_is(name, "vm"))
		return &c->out_vm;
	if (word_is(name, "inj"))
		return &c->out_inj;
	return word_is(name, "ec") ? &c->out_ec : NULL;
}

static bool read_output(struct transcript *t, struct transcript_call *c, struct word w)
{
	struct transcript_value *to;
	struct word name, value;
	unsigned digits;

	if (!word_split(t, w, &name, &value))
		return false;
	to = find_reg(&c->out, name, &digits);
	if (!to)
		to = find_entry_part(c, name);
	if (!to)
		return scan_wrong(t, "unknown output '%.*s'", SHOWN(name));
	return word_output(t, value, digits, to);
}

static bool read_outputs(struct scan *s, struct transcript_call *c)
{
	struct word w;

	if (!scan_need(s, &w, "V or T"))
		return false;
	c->to_guest = word_is(w, "T");
	if (!c->to_guest && !word_is(w, "V"))
		return scan_wrong(s->t, "'%.*s' where V or T is expected", SHOWN(w));
	while (scan_word(s, &w)) {
		if (!read_output(s->t, c, w))
			return false;
	}
	return true;
}

bool scan_call(struct scan *s, struct transcript_event *e)
{
	struct transcript_call *c = &e->call;
	struct word w;
	uint64_t lp;

	c->repeat = c->repeat ? c->repeat : 1;
	c->exit.instr_length = 4;
	if (e->kind == TRANSCRIPT_TDCALL)
		c->exit.reason = SEAMLESS_EXIT_TDCALL;
	if (!scan_need(s, &w, "a processor") || !word_decimal(s->t, w, s->t->lps - 1, &lp))
		return false;
	c->lp = (unsigned)lp;
	return read_inputs(s, e) && read_outputs(s, c);
}

bool scan_repeated_call(struct scan *s, struct transcript_event *e)
{
	uint64_t repeat;
	struct word w;

	if (!scan_need(s, &w, "a count") ||
	    !word_decimal(s->t, w, TRANSCRIPT_MAX_REPEAT, &repeat) || !scan_need(s, &w, "S"))
		return false;
	if (!repeat || !word_is(w, "S"))
		return scan_wrong(s->t, "RPT COUNT S ... is expected");
	e->call.repeat = (unsigned)repeat;
	return scan_call(s, e);
}
