// SPDX-License-Identifier: MIT
/*
 * The runner: does what each line says to a machine.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/encoding.h"
#include "replay/place.h"
#include "replay/run.h"
#include "replay/scan.h"

/* The file asks for what the machine can't do. */
static bool stop(struct run *r, const char *what)
{
	snprintf(r->err, r->err_len, "%s:%u: %s", r->t->file, r->event->line, what);
	return false;
}

static void load_regs(struct run *r, struct seamless_regs *regs)
{
	const struct transcript_regs *in = &r->event->call.in;

	memset(regs, 0, sizeof(*regs));
	for (unsigned i = 0; i < 16; i++)
		regs->gpr[i] = run_value(r, &in->gpr[i]).lo;
	for (unsigned i = 0; i < 16; i++) {
		struct captured x = run_value(r, &in->xmm[i]);

		memcpy(regs->xmm[i], &x.lo, 8);
		memcpy(regs->xmm[i] + 8, &x.hi, 8);
	}
}

/* Guest state at the exit. Without a running guest there is nothing to set, and the exit will be
 * refused. */
static bool load_guest(struct run *r)
{
	const struct transcript_call *c = &r->event->call;

	seamless_guest_64bit();
	seamless_set_guest_field(SEAMLESS_FIELD_GUEST_RIP, c->rip);
	for (unsigned i = 0; i < c->fields; i++) {
		const struct transcript_field *f = &c->field[i];

		if (!seamless_set_guest_field(f->encoding, run_value(r, &f->value).lo) &&
		    seamless_in_guest(NULL))
			return stop(r, "no such VMCS field");
	}
	return true;
}

static bool make_call(struct run *r)
{
	const struct transcript_call *c = &r->event->call;
	struct seamless_regs in, out;
	enum seamless_where where;

	load_regs(r, &in);
	out = in;
	if (r->event->kind != TRANSCRIPT_SEAMCALL && !load_guest(r))
		return false;
	seamless_set_event_ticks(r->m, c->has_ticks ? c->ticks : r->event_ticks);
	r->ended = r->options->before_call &&
		   !r->options->before_call(r->options->opaque, r->m, r->event, &in);
	if (r->ended)
		return true;
	if (r->event->kind == TRANSCRIPT_SEAMCALL)
		where = seamless_seamcall(&out);
	else
		where = seamless_vm_exit(&c->exit, &out);
	run_compare(r, &in, &out, where);
	return true;
}

static bool run_call(struct run *r)
{
	const struct transcript_call *c = &r->event->call;
	bool done = true;

	r->counts->calls++;
	if (!seamless_lp_enter(r->m, c->lp))
		return stop(r, "the calling thread is bound to another machine's processor");
	for (unsigned i = 0; done && i < c->repeat && !r->differs && !r->ended; i++)
		done = make_call(r);
	seamless_lp_leave();
	return done;
}

static void decode_hex(const char *hex, uint64_t len, uint8_t *bytes)
{
	for (uint64_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
}

static bool run_write(struct run *r)
{
	const struct transcript_event *e = r->event;
	uint8_t bytes[TRANSCRIPT_MAX_LINE / 2];

	decode_hex(e->hex, e->len, bytes);
	if (e->private ? seamless_private_write(r->m, e->pa, bytes, e->len)
		       : seamless_write(r->m, e->pa, bytes, e->len))
		return true;
	return stop(r, "no memory at that address");
}

static bool run_fill(struct run *r)
{
	const struct transcript_event *e = r->event;

	return seamless_fill(r->m, e->pa, e->len, (uint8_t)e->value.lo) ||
	       stop(r, "no memory at that address");
}

/* The first byte that is not as recorded; len if all are. */
static uint64_t first_difference(const struct transcript_event *e, const uint8_t *bytes)
{
	uint64_t i = 0;

	while (i < e->len &&
	       (e->hex[2 * i] == '*' || hex_digit(e->hex[2 * i]) << 4 == (bytes[i] & 0xf0)) &&
	       (e->hex[2 * i] == '*' || hex_digit(e->hex[2 * i + 1]) == (bytes[i] & 0x0f)))
		i++;
	return i;
}

/* Tells up to 16 bytes from the first difference on. */
static void memory_differs(struct run *r, const uint8_t *bytes, uint64_t at)
{
	const struct transcript_event *e = r->event;
	uint64_t n = e->len - at < 16 ? e->len - at : 16;
	char what[40], expected[33] = "", got[33] = "";

	for (uint64_t i = 0; i < n; i++)
		snprintf(got + 2 * i, 3, "%02x", bytes[at + i]);
	memcpy(expected, e->hex + 2 * at, 2 * n);
	snprintf(what, sizeof(what), "memory %" PRIx64, e->pa + at);
	run_differs(r, what, expected, got);
}

static bool run_read(struct run *r)
{
	const struct transcript_event *e = r->event;
	uint8_t bytes[TRANSCRIPT_MAX_LINE / 2];
	uint64_t at;

	if (!(e->private ? seamless_private_read(r->m, e->pa, bytes, e->len)
			 : seamless_read(r->m, e->pa, bytes, e->len)))
		return stop(r, "no memory at that address");
	at = first_difference(e, bytes);
	if (at < e->len)
		memory_differs(r, bytes, at);
	return true;
}

static bool run_hash(struct run *r)
{
	const struct transcript_event *e = r->event;
	char what[60], expected[20], got[20];
	uint64_t hash, wanted = run_value(r, &e->value).lo;

	if (!(e->private ? seamless_private_hash(r->m, e->pa, e->len, &hash)
			 : seamless_hash(r->m, e->pa, e->len, &hash)))
		return stop(r, "no memory at that address");
	if (e->value.how == HOW_ANY || e->value.how == HOW_CAPTURE || hash == wanted)
		return true;
	snprintf(what, sizeof(what), "hash of memory %" PRIx64 "+%" PRIx64, e->pa, e->len);
	snprintf(expected, sizeof(expected), "%" PRIx64, wanted);
	snprintf(got, sizeof(got), "%" PRIx64, hash);
	run_differs(r, what, expected, got);
	return true;
}

static bool run_msr(struct run *r)
{
	const struct transcript_event *e = r->event;

	return seamless_set_msr(r->m, e->lp, e->addr, e->value.lo) ||
	       stop(r, "too many different MSRs");
}

static bool run_cpuid(struct run *r)
{
	const struct transcript_event *e = r->event;

	return seamless_set_cpuid(r->m, e->lp, e->addr, e->subleaf, e->cpuid) ||
	       stop(r, "too many CPUID values");
}

/* False: the file ends here. */
static bool before_event(struct run *r)
{
	struct seamless_machine *m = r->m;

	if (!r->options->before_event)
		return true;
	m = r->options->before_event(r->options->opaque, m, r->event);
	r->ended = !m;
	r->m = m ? m : r->m;
	return m;
}

/* The one before has met its call by now. */
static bool run_fault(struct run *r)
{
	const struct transcript_event *e = r->event;
	char rule[TRANSCRIPT_MAX_RULE + 32], why[200];

	if (r->fault[e->lp])
		seamless_fault_remove(r->m, r->fault[e->lp]);
	snprintf(rule, sizeof(rule), "%.*s lp=%d nth=1", (int)e->len, e->rule, e->lp);
	r->fault[e->lp] = seamless_fault_add(r->m, rule, why, sizeof(why));
	return r->fault[e->lp] || stop(r, why);
}

static bool run_event(struct run *r)
{
	uint64_t value = r->event->value.lo;

	switch (r->event->kind) {
	case TRANSCRIPT_SEAMCALL:
	case TRANSCRIPT_TDCALL:
	case TRANSCRIPT_EXIT: return run_call(r);
	case TRANSCRIPT_WRITE: return run_write(r);
	case TRANSCRIPT_FILL: return run_fill(r);
	case TRANSCRIPT_READ: return run_read(r);
	case TRANSCRIPT_HASH: return run_hash(r);
	case TRANSCRIPT_MSR: return run_msr(r);
	case TRANSCRIPT_CPUID: return run_cpuid(r);
	case TRANSCRIPT_CPUID_CLEAR: seamless_clear_cpuid(r->m); break;
	case TRANSCRIPT_INTR: seamless_set_interrupt(r->m, value); break;
	case TRANSCRIPT_RNG: seamless_set_entropy(r->m, value); break;
	case TRANSCRIPT_PCONFIG: seamless_inject_pconfig(r->m, (uint32_t)value); break;
	case TRANSCRIPT_RELOAD: seamless_reload_module(r->m); break;
	case TRANSCRIPT_FAULT: return run_fault(r);
	case TRANSCRIPT_PLAT:
	case TRANSCRIPT_END: break;
	}
	return true;
}

static struct seamless_machine *no_memory(struct run *r)
{
	snprintf(r->err, r->err_len, "out of memory");
	return NULL;
}

/* A platform file with the transcript's own processors. */
static struct seamless_machine *make_machine(struct run *r, const char *name, const char *text,
					     size_t len)
{
	struct seamless_config config = { .name = name, .guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	char *all;
	int n = asprintf(&all, "%.*s\nlps %u\npackages %u\n", (int)len, text, r->event->lps,
			 r->event->packages);

	if (n < 0)
		return no_memory(r);
	config.text = all;
	config.len = (size_t)n;
	m = seamless_create(&config, r->err, r->err_len);
	free(all);
	return m;
}

/* The platform that was asked for, or the one that transcripts mean. */
static struct seamless_machine *machine_by_name(struct run *r)
{
	const struct replay_options *o = r->options;
	const char *name = o->platform ? o->platform : "transcripts", *text = o->platform_text;
	size_t len = o->platform_len;

	if (!text)
		text = seamless_platform_text(name, &len);
	if (text)
		return make_machine(r, name, text, len);
	snprintf(r->err, r->err_len, "no platform '%s'", name);
	return NULL;
}

/* Unless another was asked for, the transcript's own platform if it has one. */
static struct seamless_machine *find_machine(struct run *r)
{
	struct seamless_machine *m;
	size_t len = 0;
	char *own;

	if (r->options->platform)
		return machine_by_name(r);
	own = transcript_platform(r->t, &len);
	if (!own)
		return no_memory(r);
	m = len ? make_machine(r, r->t->file, own, len) : machine_by_name(r);
	free(own);
	return m;
}

/* The PLAT line: a new machine, or that of the snapshot. */
static bool begin_machine(struct run *r)
{
	if (r->options->begin) {
		if (!place_restore(r))
			return false;
	} else {
		r->m = find_machine(r);
		if (!r->m)
			return false;
		r->event_ticks = seamless_event_ticks(r->m);
	}
	return !r->options->machine || r->options->machine(r->options->opaque, r->m);
}

/* Whether the machine as it is before `line` is the one to be kept. */
static bool keep_here(const struct run *r, unsigned line)
{
	return r->options->snapshot_file && !r->saved && line >= r->options->snapshot_line;
}

static bool next_event(struct run *r)
{
	r->differs = false;
	if (r->event->kind == TRANSCRIPT_PLAT)
		return begin_machine(r);
	if (r->event->line < r->begin)
		return true;
	if (keep_here(r, r->event->line) && !place_save(r, r->event->line))
		return false;
	return !before_event(r) || run_event(r);
}

/* At its end, or where it was stopped: the last line was the last chance. */
static bool end_events(struct run *r)
{
	if (r->t->ended && keep_here(r, r->t->line))
		return place_save(r, r->t->line);
	if (!r->options->snapshot_file || r->saved)
		return true;
	snprintf(r->err, r->err_len, "%s:%u: the replay ends here, before line %u: no snapshot",
		 r->t->file, r->t->line, r->options->snapshot_line);
	return false;
}

static bool run_events(struct run *r, struct transcript_event *e)
{
	r->event = e;
	while (transcript_next(r->t, e)) {
		if (!next_event(r))
			return false;
		if (r->ended || (r->differs && r->options->stop_at_first))
			break;
	}
	return end_events(r);
}

static void end_machine(struct run *r)
{
	if (r->m && r->options->machine_ends)
		r->options->machine_ends(r->options->opaque, r->m);
	seamless_destroy(r->m);
}

/* Reads the whole text once, so that nothing of a wrong file is run. */
static bool check_text(struct transcript *t, struct transcript_event *e, char *err, size_t err_len)
{
	while (transcript_next(t, e))
		;
	transcript_rewind(t);
	snprintf(err, err_len, "%s", t->err);
	return !t->err[0];
}

bool replay_text(const char *file, const char *text, size_t len,
		 const struct replay_options *options, struct replay_counts *counts, char *err,
		 size_t err_len)
{
	struct transcript *t = calloc(1, sizeof(*t));
	struct transcript_event *event = calloc(1, sizeof(*event));
	struct run *r = calloc(1, sizeof(*r));
	bool done = t && event && r;

	if (!done)
		snprintf(err, err_len, "out of memory");
	if (done) {
		*t = (struct transcript){ .file = file, .text = text, .len = len };
		*r = (struct run){
			.options = options, .counts = counts, .t = t, .err = err, .err_len = err_len
		};
		done = check_text(t, event, err, err_len) && run_events(r, event);
		end_machine(r);
		counts->files += done;
	}
	free(r);
	free(event);
	free(t);
	return done;
}
