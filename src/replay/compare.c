// SPDX-License-Identifier: MIT
/*
 * Comparing the answer to a call or VM exit with the recorded one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "replay/run.h"

#define INTR_VALID (1ull << 31)

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
	snprintf(label, sizeof(label), "%.*s", (int)r->event->label_len,
		 r->event->label ? r->event->label : "");
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

static void compare_value(struct run *r, const char *what, const struct transcript_value *v,
			  struct captured got)
{
	struct captured wanted = run_value(r, v);
	char expected_text[40], got_text[40];

	if (v->how == HOW_CAPTURE)
		r->captured[v->name] = got;
	if (v->how == HOW_OMITTED || v->how == HOW_ANY || v->how == HOW_CAPTURE || !wanted.set)
		return;
	if (wanted.lo == got.lo && wanted.hi == got.hi)
		return;
	format_value(expected_text, sizeof(expected_text), wanted.lo, wanted.hi);
	format_value(got_text, sizeof(got_text), got.lo, got.hi);
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

		if (i != 4)
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
