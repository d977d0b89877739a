// SPDX-License-Identifier: MIT
/*
 * The recorder: one line per event, in the form that transcript.h describes.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"
#include "replay/transcript.h"
#include "seamless/seamless.h"
#include "tdx/policy.h"

#define MAX_LPS	      64u
#define CHUNK	      4096u	/* bytes of memory in one line */
#define USUAL_TICKS   0x100000u /* before each call, where a line says nothing */
#define INTR_VALID    (1ull << 31)
#define INTR_HAS_CODE (1ull << 11)

/* Guest state that the module looks at when it handles an exit, and what a replay sets it to by
 * itself. */
static const struct watched {
	uint32_t encoding;
	uint64_t replayed; /* 0: it leaves the field as the module left it */
} watched[] = {
	{ SEAMLESS_FIELD_GUEST_EFER, 0xd01 },
	{ SEAMLESS_FIELD_GUEST_CS_RIGHTS, 0xa09b },
	{ SEAMLESS_FIELD_GUEST_SS_RIGHTS, 0xc093 },
	{ SEAMLESS_FIELD_GUEST_RFLAGS, 0 },
	{ 0x6800, 0 }, /* CR0 */
	{ 0x6802, 0 }, /* CR3 */
	{ 0x6804, 0 }, /* CR4 */
	{ 0x4824, 0 }, /* interruptibility */
	{ 0x4826, 0 }, /* activity */
	{ 0x6822, 0 }, /* pending debug exceptions */
	{ 0x681a, 0 }, /* DR7 */
	{ 0x0810, 0 }, /* interrupt status */
};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

/* A processor between two events. */
struct recorded_lp {
	uint64_t rip; /* at the exit that is being handled */
	uint64_t at_exit[WATCHED];
	uint64_t at_entry[WATCHED]; /* as the module left them */
	uint64_t ticks;
	bool struck; /* its call meets a fault */
};

struct seamless_recording {
	struct seamless_machine *m;
	FILE *out;
	pthread_mutex_t lock;
	uint64_t last_tsc;
	uint64_t interrupt; /* pending for all processors */
	struct recorded_lp lp[MAX_LPS];
};

/* The platform file as comments that a replay understands. */
static void write_platform(const struct seamless_machine *m, FILE *out)
{
	size_t len;
	const char *text = seamless_machine_text(m, &len);

	for (size_t n; len > 0; text += n, len -= n) {
		const char *newline = memchr(text, '\n', len);

		n = newline ? (size_t)(newline - text) + 1 : len;
		fprintf(out, TRANSCRIPT_PLATFORM "%.*s%s", (int)n, text, newline ? "" : "\n");
	}
}

static void write_gprs(FILE *out, const struct seamless_regs *regs,
		       const struct seamless_regs *than, bool with_rax)
{
	static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp",
					       "rsi", "rdi", "r8",  "r9",  "r10", "r11",
					       "r12", "r13", "r14", "r15" };

	for (unsigned i = 0; i < 16; i++) {
		if (i != 4 && ((i == 0 && with_rax) || regs->gpr[i] != than->gpr[i]))
			fprintf(out, " %s=%" PRIx64, names[i], regs->gpr[i]);
	}
}

static void write_xmms(FILE *out, const struct seamless_regs *regs,
		       const struct seamless_regs *than)
{
	for (unsigned i = 0; i < 16; i++) {
		uint64_t half[2];

		if (memcmp(regs->xmm[i], than->xmm[i], sizeof(half)) == 0)
			continue;
		memcpy(half, regs->xmm[i], sizeof(half));
		fprintf(out, " x%u=%016" PRIx64 "%016" PRIx64, i, half[1], half[0]);
	}
}

static void write_exit_part(FILE *out, const char *name, uint64_t value)
{
	if (value)
		fprintf(out, " %s=%" PRIx64, name, value);
}

/* A VM exit's own part, and what the guest has changed of its state. */
static void write_exit(FILE *out, const struct recorded_lp *lp, const struct seamless_vm_exit *e)
{
	fprintf(out, " rip=%" PRIx64 " ilen=%x", lp->rip, e->instr_length);
	if (e->reason != SEAMLESS_EXIT_TDCALL) {
		fprintf(out, " reason=%x", e->reason);
		write_exit_part(out, "qual", e->qualification);
		write_exit_part(out, "gpa", e->guest_physical);
		write_exit_part(out, "gla", e->guest_linear);
		write_exit_part(out, "info", e->intr_info);
		write_exit_part(out, "err", e->intr_error);
		write_exit_part(out, "idt", e->idt_info);
		write_exit_part(out, "idterr", e->idt_error);
		write_exit_part(out, "iinfo", e->instr_info);
	}
	for (unsigned i = 0; i < WATCHED; i++) {
		uint64_t otherwise = watched[i].replayed ? watched[i].replayed : lp->at_entry[i];

		if (lp->at_exit[i] != otherwise)
			fprintf(out, " v.%x=%" PRIx64, watched[i].encoding, lp->at_exit[i]);
	}
}

static void read_watched(uint64_t values[WATCHED])
{
	for (unsigned i = 0; i < WATCHED; i++) {
		values[i] = 0;
		seamless_guest_field(watched[i].encoding, &values[i]);
	}
}

/* What the guest finds at its entry. */
static void write_entry(FILE *out, struct recorded_lp *lp)
{
	uint64_t rip = 0, info = 0, code = 0;
	unsigned vm = 0;

	seamless_in_guest(&vm);
	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &rip);
	seamless_guest_field(SEAMLESS_FIELD_ENTRY_INTR_INFO, &info);
	seamless_guest_field(SEAMLESS_FIELD_ENTRY_ERROR_CODE, &code);
	fprintf(out, " rip=%" PRIx64, rip);
	if (vm)
		fprintf(out, " vm=%x", vm);
	if (info & INTR_VALID)
		fprintf(out, " inj=%" PRIx64, info);
	if (info & INTR_VALID && info & INTR_HAS_CODE)
		fprintf(out, " ec=%" PRIx64, code);
	read_watched(lp->at_entry);
}

/* Time since the last event, where it is not the usual. */
static uint64_t ticks_passed(struct seamless_recording *r)
{
	uint64_t ticks = seamless_event_ticks(r->m), now;

	if (ticks)
		return ticks;
	now = seamless_tsc(r->m);
	ticks = now - r->last_tsc;
	r->last_tsc = now;
	return ticks;
}

static bool uniform(const uint8_t *bytes, uint64_t len)
{
	return len < 2 || memcmp(bytes, bytes + 1, len - 1) == 0;
}

static void write_chunk(FILE *out, uint64_t pa, const uint8_t *bytes, uint64_t len, bool private)
{
	if (!private && len > 16 && uniform(bytes, len)) {
		fprintf(out, "F %" PRIx64 " %" PRIx64 " %x\n", pa, len, bytes[0]);
		return;
	}
	fprintf(out, "%s %" PRIx64 " ", private ? "GW" : "W", pa);
	for (uint64_t i = 0; i < len; i++)
		fprintf(out, "%02x", bytes[i]);
	fputc('\n', out);
}

/* Guest memory that a TDCALL reads: the register with its address, and its length. */
static const struct read_operand {
	const char *leaf;
	unsigned reg, len;
} read_operands[] = {
	{ "TDG.MR.REPORT", 2, 64 },
	{ "TDG.MR.RTMR.EXTEND", 1, 48 },
	{ "TDG.MR.VERIFYREPORT", 1, 256 },
};

static void write_operand(struct seamless_recording *r, uint64_t gpa, unsigned len)
{
	uint8_t bytes[256];
	bool shared;
	uint64_t pa;

	if (!seamless_guest_translate(gpa, &pa, &shared) ||
	    !seamless_private_read(r->m, pa, bytes, len))
		return;
	write_chunk(r->out, pa, bytes, len, !shared);
}

/* What the guest has put where this call reads: a scripted guest has to find it there. */
static void write_operands(struct seamless_recording *r, const struct seamless_event *e)
{
	const char *leaf = explain_leaf_name(EXPLAIN_GUEST, (uint32_t)e->in->gpr[0] & 0xffff);

	for (size_t i = 0; leaf && i < sizeof(read_operands) / sizeof(read_operands[0]); i++) {
		const struct read_operand *o = &read_operands[i];

		if (!strcmp(o->leaf, leaf))
			write_operand(r, e->in->gpr[o->reg], o->len);
	}
}

static void before_call(struct seamless_recording *r, const struct seamless_event *e)
{
	struct recorded_lp *lp = &r->lp[(unsigned)e->lp % MAX_LPS];

	lp->ticks = ticks_passed(r);
	if (!e->exit)
		return;
	seamless_guest_field(SEAMLESS_FIELD_GUEST_RIP, &lp->rip);
	read_watched(lp->at_exit);
	if (e->exit->reason == SEAMLESS_EXIT_TDCALL)
		write_operands(r, e);
}

static char letter(const struct seamless_event *e)
{
	if (!e->exit)
		return 'S';
	return e->exit->reason == SEAMLESS_EXIT_TDCALL ? 'C' : 'X';
}

/* By a kick of its processor, which a transcript has no line for. */
static bool was_kicked(const struct seamless_recording *r, const struct recorded_lp *lp,
		       const struct seamless_event *e)
{
	return !e->exit && !r->interrupt && !lp->struck &&
	       tdx_status_interrupted(tdx_status(e->out->gpr[0]));
}

static void write_call(struct seamless_recording *r, const struct seamless_event *e)
{
	static const struct seamless_regs zero;
	struct recorded_lp *lp = &r->lp[(unsigned)e->lp % MAX_LPS];
	bool to_guest = e->where == SEAMLESS_TO_GUEST, from_guest = e->exit;
	const struct seamless_regs *than = to_guest == from_guest ? e->in : &zero;

	fprintf(r->out, "%c %d", letter(e), e->lp);
	write_gprs(r->out, e->in, &zero, false);
	write_xmms(r->out, e->in, &zero);
	if (e->exit)
		write_exit(r->out, lp, e->exit);
	if (lp->ticks != USUAL_TICKS)
		fprintf(r->out, " dt=%" PRIx64, lp->ticks);
	fputs(to_guest ? " => T" : " => V", r->out);
	write_gprs(r->out, e->out, than, true);
	write_xmms(r->out, e->out, than);
	if (to_guest)
		write_entry(r->out, lp);
	fputc('\n', r->out);
}

static void after_call(struct seamless_recording *r, const struct seamless_event *e)
{
	struct recorded_lp *lp = &r->lp[(unsigned)e->lp % MAX_LPS];
	bool kicked = was_kicked(r, lp, e);

	if (kicked)
		fputs("INTR 1\n", r->out);
	write_call(r, e);
	if (kicked)
		fputs("INTR 0\n", r->out);
	lp->struck = false;
}

static void write_memory(FILE *out, const struct seamless_event *e)
{
	for (uint64_t at = 0; at < e->len; at += CHUNK) {
		uint64_t n = e->len - at < CHUNK ? e->len - at : CHUNK;

		write_chunk(out, e->pa + at, (const uint8_t *)e->data + at, n,
			    e->kind == SEAMLESS_EVENT_PRIVATE_WRITE);
	}
}

static void write_lp(FILE *out, const char *event, int lp)
{
	if (lp == SEAMLESS_ALL_LPS)
		fprintf(out, "%s *", event);
	else
		fprintf(out, "%s %d", event, lp);
}

static void write_change(FILE *out, const struct seamless_event *e)
{
	switch (e->kind) {
	case SEAMLESS_EVENT_MSR:
		write_lp(out, "MSR", e->lp);
		fprintf(out, " %x %" PRIx64 "\n", e->addr, e->value);
		break;
	case SEAMLESS_EVENT_CPUID:
		write_lp(out, "CPUIDSET", e->lp);
		fprintf(out, " %x %x %x %x %x %x\n", e->addr, e->subleaf, e->cpuid.eax,
			e->cpuid.ebx, e->cpuid.ecx, e->cpuid.edx);
		break;
	case SEAMLESS_EVENT_CPUID_CLEAR: fputs("CPUIDSET\n", out); break;
	case SEAMLESS_EVENT_INTERRUPT: fprintf(out, "INTR %" PRIx64 "\n", e->value); break;
	case SEAMLESS_EVENT_ENTROPY: fprintf(out, "RNG %" PRIx64 "\n", e->value); break;
	case SEAMLESS_EVENT_PCONFIG: fprintf(out, "PCONFIG %" PRIx64 "\n", e->value); break;
	case SEAMLESS_EVENT_RELOAD: fputs("RELOAD\n", out); break;
	case SEAMLESS_EVENT_FAULT:
		fprintf(out, "FAULT %d %.*s\n", e->lp, (int)e->len, (const char *)e->data);
		break;
	case SEAMLESS_EVENT_FILL:
		fprintf(out, "F %" PRIx64 " %" PRIx64 " %" PRIx64 "\n", e->pa, e->len, e->value);
		break;
	default: write_memory(out, e); break;
	}
}

static void record(void *opaque, const struct seamless_event *e)
{
	struct seamless_recording *r = opaque;
	bool call = e->kind == SEAMLESS_EVENT_SEAMCALL || e->kind == SEAMLESS_EVENT_VM_EXIT;

	pthread_mutex_lock(&r->lock);
	if (e->kind == SEAMLESS_EVENT_INTERRUPT)
		r->interrupt = e->value;
	if (e->kind == SEAMLESS_EVENT_FAULT)
		r->lp[(unsigned)e->lp % MAX_LPS].struck = true;
	if (!call)
		write_change(r->out, e);
	else if (e->after)
		after_call(r, e);
	else
		before_call(r, e);
	pthread_mutex_unlock(&r->lock);
}

struct seamless_recording *seamless_record_start(struct seamless_machine *m, FILE *out)
{
	struct seamless_recording *r = calloc(1, sizeof(*r));

	if (!r || !seamless_watch_memory(m) || !seamless_trace_add(m, record, r)) {
		free(r);
		return NULL;
	}
	r->m = m;
	r->out = out;
	pthread_mutex_init(&r->lock, NULL);
	write_platform(m, out);
	fprintf(out, "PLAT lps=%u pkgs=%u\n", seamless_lps(m), seamless_packages(m));
	r->last_tsc = seamless_tsc(m);
	return r;
}

bool seamless_record_end(struct seamless_recording *r)
{
	bool good;

	seamless_trace_remove(r->m, record, r);
	fputs("END\n", r->out);
	good = !fflush(r->out) && !ferror(r->out);
	pthread_mutex_destroy(&r->lock);
	free(r);
	return good;
}
