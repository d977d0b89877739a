// SPDX-License-Identifier: MIT
/*
 * Comparing the answer to a call or VM exit with the recorded one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "explain/explain.h"
#include "replay/run.h"

#define INTR_VALID (1ull << 31)

/* What the event is: the leaf by name, the kind of exit, or nothing for memory. */
static void name_event(const struct transcript_event *e, char *text, size_t len)
{
	const struct transcript_call *c = &e->call;
	uint32_t leaf = (uint32_t)c->in.gpr[0].lo & 0xffff;
	const char *name = NULL;

	if (e->kind == TRANSCRIPT_SEAMCALL)
		name = explain_leaf_name(EXPLAIN_HOST, leaf);
	else if (e->kind == TRANSCRIPT_TDCALL)
		name = explain_leaf_name(EXPLAIN_GUEST, leaf);
	else if (e->kind == TRANSCRIPT_EXIT)
		name = explain_exit_reason((uint16_t)c->exit.reason);
	if (name)
		snprintf(text, len, e->kind == TRANSCRIPT_EXIT ? "VM exit %s" : "%s", name);
	else if (e->kind == TRANSCRIPT_EXIT)
		snprintf(text, len, "VM exit %u", c->exit.reason);
	else if (e->kind == TRANSCRIPT_SEAMCALL || e->kind == TRANSCRIPT_TDCALL)
		snprintf(text, len, "leaf %u", leaf);
	else
		snprintf(text, len, "%s", "");
}

void run_differs(struct run *r, const char *what, const char *expected, const char *got)
{
	char label[64], reason[600] = "";
	struct replay_difference d = {
		.file = r->t->file,
		.line = r->event->line,
		.label = label,
		.what = what,
		.expected = expected,
		.got = got,
		.reason = reason,
	};

	if (!r->differs) {
		r->counts->mismatches++;
		seamless_reason(reason, sizeof(reason));
	}
	r->differs = true;
	name_event(r->event, label, sizeof(label));
	if (r->options->difference)
		r->options->difference(r->options->opaque, &d);
}

struct captured run_value(const struct run *r, const struct transcript_value *v)
{
	if (v->how == HOW_NAMED)
		return r->captured[v->name];
	return (struct captured){ true, v->lo, v->hi };
}

static void format_value(char *text, size_t len, uint64_t lo, uint64_t hi)
{
	if (hi)
		snprintf(text, len, "%" PRIx64 "%016" PRIx64, hi, lo);
	else
		snprintf(text, len, "%" PRIx64, lo);
}

/* Whether RAX holds a status after the event: a call that came back to its caller. */
static bool gives_status(const struct transcript_event *e)
{
	return e->kind == TRANSCRIPT_TDCALL ? e->call.to_guest
					    : e->kind == TRANSCRIPT_SEAMCALL && !e->call.to_guest;
}

/* A status by name behind its number. */
static void add_status(const struct transcript_event *e, char *text, size_t len, uint64_t status)
{
	enum explain_side side = e->kind == TRANSCRIPT_TDCALL ? EXPLAIN_GUEST : EXPLAIN_HOST;
	size_t used = strlen(text);

	text[used++] = ' ';
	explain_status_text(text + used, len - used, status, side,
			    (int)(e->call.in.gpr[0].lo & 0xffff));
}

static void compare_value(struct run *r, const char *what, const struct transcript_value *v,
			  struct captured got)
{
	struct captured wanted = run_value(r, v);
	char expected_text[120], got_text[120];

	if (v->how == HOW_CAPTURE)
		r->captured[v->name] = got;
	if (v->how == HOW_OMITTED || v->how == HOW_ANY || v->how == HOW_CAPTURE || !wanted.set)
		return;
	if (wanted.lo == got.lo && wanted.hi == got.hi)
		return;
	format_value(expected_text, sizeof(expected_text), wanted.lo, wanted.hi);
	format_value(got_text, sizeof(got_text), got.lo, got.hi);
	if (v == &r->event->call.out.gpr[0] && gives_status(r->event)) {
		add_status(r->event, expected_text, sizeof(expected_text), wanted.lo);
		add_status(r->event, got_text, sizeof(got_text), got.lo);
	}
	run_differs(r, what, expected_text, got_text);
}

static void compare64(struct run *r, const char *what, const struct transcript_value *v,
		      uint64_t got)
{
	compare_value(r, what, v, (struct captured){ true, got, 0 });
}

static struct captured xmm_value(const uint8_t bytes[16])
{
	struct captured c = { .set = true };

	memcpy(&c.lo, bytes, 8);
	memcpy(&c.hi, bytes + 8, 8);
	return c;
}

/* What the line gives, or `otherwise` where it gives nothing. */
static struct transcript_value expected(const struct transcript_value *v, struct captured otherwise)
{
	if (v->how != HOW_OMITTED)
		return *v;
	return (struct transcript_value){ HOW_VALUE, 0, otherwise.lo, otherwise.hi };
}

static void compare_regs(struct run *r, const struct seamless_regs *otherwise,
			 const struct seamless_regs *got)
{
	static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					       "rsi", "rdi", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15" };
	const struct transcript_regs *out = &r->event->call.out;

	for (unsigned i = 0; i < 16; i++) {
		struct captured c = { true, otherwise->gpr[i], 0 };
		struct transcript_value v = expected(&out->gpr[i], c);

		if (i == 0 && out->gpr[0].how != HOW_OMITTED)
			compare64(r, names[0], &out->gpr[0], got->gpr[0]);
		else if (i != 4)
			compare64(r, names[i], &v, got->gpr[i]);
	}
	for (unsigned i = 0; i < 16; i++) {
		struct transcript_value v = expected(&out->xmm[i], xmm_value(otherwise->xmm[i]));
		char name[8];

		snprintf(name, sizeof(name), "x%u", i);
		compare_value(r, name, &v, xmm_value(got->xmm[i]));
	}
}

/* What a guest finds at its entry: where it goes on and the event delivered to it. */
static void compare_entry(struct run *r)
{
	const struct transcript_call *c = &r->event->call;
	struct transcript_value vm_wanted = expected(&c->out_vm, (struct captured){ 0 });
	struct transcript_value inj_wanted = expected(&c->out_inj, (struct captured){ 0 });
	uint64_t rip = 0, injected = 0, code = 0;
	unsigned vm = 0;

	seamless_in_guest(&vm);
	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip);
	seamless_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, &injected);
	seamless_guest_field(SEAMLESS_FIELD_ENTRY_ERROR_CODE, &code);
	compare64(r, "vm", &vm_wanted, vm);
	compare64(r, "rip", &c->out_rip, rip);
	compare64(r, "inj", &inj_wanted, injected & INTR_VALID ? injected : 0);
	compare64(r, "ec", &c->out_ec, code);
}

static const char *side(bool guest)
{
	return guest ? "the guest" : "the host";
}

void run_compare(struct run *r, const struct seamless_regs *in, const struct seamless_regs *out,
		 enum seamless_where where)
{
	static const struct seamless_regs zero;
	const struct transcript_call *c = &r->event->call;
	bool from_guest = r->event->kind != TRANSCRIPT_SEAMCALL;

	if (where == SEAMLESS_NOWHERE) {
		run_differs(r, "runs on the processor", side(from_guest), side(!from_guest));
		return;
	}
	if (c->to_guest != (where == SEAMLESS_TO_GUEST)) {
		run_differs(r, "goes on in", side(c->to_guest), side(!c->to_guest));
		compare64(r, "rax", &c->out.gpr[0], out->gpr[0]);
		return;
	}
	compare_regs(r, c->to_guest == from_guest ? in : &zero, out);
	if (c->to_guest)
		compare_entry(r);
}
