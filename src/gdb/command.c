// SPDX-License-Identifier: MIT
/*
 * The commands: registers, memory, points, threads, going on.
 */
#include <string.h>

#include "gdb/registers.h"
#include "gdb/session.h"

static void ok(struct gdb_session *s)
{
	gdb_out_text(&s->out, "OK");
}

static void malformed(struct gdb_session *s)
{
	gdb_error(s, "malformed packet");
}

/* ---- threads ---- */

bool gdb_take_thread(struct gdb_text *t, unsigned vcpus, int *vcpu)
{
	uint64_t number;

	*vcpu = -1;
	if (gdb_take(t, "-1"))
		return true;
	if (!gdb_take_number(t, &number) || number > vcpus)
		return false;
	*vcpu = (int)number - 1; /* 0: any */
	return true;
}

static void choose_thread(struct gdb_session *s, struct gdb_text *t)
{
	bool running = gdb_take(t, "c");
	int vcpu;

	if ((!running && !gdb_take(t, "g")) || !gdb_take_thread(t, s->config.vcpus, &vcpu) ||
	    !gdb_text_empty(t)) {
		gdb_error(s, "no such thread");
		return;
	}
	if (running)
		s->step_vcpu = vcpu < 0 ? GDB_VCPUS : (unsigned)vcpu;
	else if (vcpu >= 0)
		s->vcpu = (unsigned)vcpu;
	ok(s);
}

static void is_thread_alive(struct gdb_session *s, struct gdb_text *t)
{
	int vcpu;

	if (gdb_take_thread(t, s->config.vcpus, &vcpu) && gdb_text_empty(t) && vcpu >= 0)
		ok(s);
	else
		gdb_error(s, "no such thread");
}

/* ---- registers ---- */

static void read_register(struct gdb_session *s, struct gdb_text *t)
{
	uint8_t value[GDB_REGISTER_MAX];
	struct seamless_state state;
	uint64_t number;

	if (!gdb_take_number(t, &number) || !gdb_text_empty(t) || number >= gdb_registers()) {
		gdb_error(s, "no such register");
		return;
	}
	seamless_debug_state(s->config.machine, s->vcpu, &state);
	gdb_out_hex(&s->out, value, gdb_register_get(&state, (unsigned)number, value));
}

static void read_registers(struct gdb_session *s, struct gdb_text *t)
{
	uint8_t value[GDB_REGISTER_MAX];
	struct seamless_state state;

	if (!gdb_text_empty(t)) {
		malformed(s);
		return;
	}
	seamless_debug_state(s->config.machine, s->vcpu, &state);
	for (unsigned i = 0; i < gdb_registers(); i++)
		gdb_out_hex(&s->out, value, gdb_register_get(&state, i, value));
}

static void write_state(struct gdb_session *s, bool held, const struct seamless_state *state)
{
	if (!held)
		gdb_error(
			s,
			"the VMM is serving an exit of this vCPU: its registers can't be written");
	else if (!seamless_debug_set_state(s->config.machine, s->vcpu, state))
		gdb_error(
			s,
			"a guest can't have this value in this register, or it is read-only here");
	else
		ok(s);
}

static void write_register(struct gdb_session *s, struct gdb_text *t)
{
	uint8_t value[GDB_REGISTER_MAX] = { 0 };
	struct seamless_state state;
	uint64_t number;
	bool held;

	if (!gdb_take_number(t, &number) || !gdb_take(t, "=") || number >= gdb_registers() ||
	    !gdb_take_bytes(t, value, gdb_register_size((unsigned)number)) || !gdb_text_empty(t)) {
		malformed(s);
		return;
	}
	held = seamless_debug_state(s->config.machine, s->vcpu, &state);
	gdb_register_set(&state, (unsigned)number, value);
	write_state(s, held, &state);
}

static void write_registers(struct gdb_session *s, struct gdb_text *t)
{
	uint8_t value[GDB_REGISTER_MAX] = { 0 };
	struct seamless_state state;
	bool held = seamless_debug_state(s->config.machine, s->vcpu, &state);

	for (unsigned i = 0; i < gdb_registers(); i++) {
		if (!gdb_take_bytes(t, value, gdb_register_size(i))) {
			malformed(s);
			return;
		}
		gdb_register_set(&state, i, value);
	}
	if (gdb_text_empty(t))
		write_state(s, held, &state);
	else
		malformed(s);
}

/* ---- memory ---- */

/* gdb says which address it can't access; `monitor translate` says why. */
static void no_memory(struct gdb_session *s)
{
	gdb_out_text(&s->out, "E0e");
}

static bool take_range(struct gdb_session *s, struct gdb_text *t, uint64_t *at, uint64_t *n)
{
	return gdb_take_number(t, at) && gdb_take(t, ",") && gdb_take_number(t, n) &&
	       *n <= sizeof(s->bytes);
}

static void read_memory(struct gdb_session *s, struct gdb_text *t)
{
	enum seamless_mapped end;
	uint64_t at, n;
	size_t done;

	if (!take_range(s, t, &at, &n) || !gdb_text_empty(t)) {
		malformed(s);
		return;
	}
	done = seamless_debug_read(s->config.machine, s->vcpu, at, s->bytes, n, &end);
	if (n && !done)
		no_memory(s);
	else
		gdb_out_hex(&s->out, s->bytes, done);
}

static void write_bytes(struct gdb_session *s, uint64_t at, const void *bytes, size_t n)
{
	enum seamless_mapped end;

	if (seamless_debug_write(s->config.machine, s->vcpu, at, bytes, n, &end) == n)
		ok(s);
	else
		no_memory(s);
}

static void write_memory(struct gdb_session *s, struct gdb_text *t, bool binary)
{
	uint64_t at, n;

	if (!take_range(s, t, &at, &n) || !gdb_take(t, ":") ||
	    (binary ? (size_t)(t->end - t->at) != n
		    : !gdb_take_bytes(t, s->bytes, n) || !gdb_text_empty(t))) {
		malformed(s);
		return;
	}
	write_bytes(s, at, binary ? (const void *)t->at : s->bytes, n);
}

/* ---- points ---- */

static void set_point(struct gdb_session *s, struct gdb_text *t, bool set)
{
	struct seamless_point point = { 0 };
	uint64_t kind, length;

	if (!gdb_take_number(t, &kind) || !gdb_take(t, ",") ||
	    !gdb_take_number(t, &point.address) || !gdb_take(t, ",") ||
	    !gdb_take_number(t, &length) || (kind > SEAMLESS_POINT_ACCESS && set)) {
		malformed(s);
		return;
	}
	if (!gdb_text_empty(t) || kind > SEAMLESS_POINT_ACCESS || !length || length > 4096) {
		gdb_error(s, "no conditions or commands, and no more than 4096 bytes watched");
		return;
	}
	point.kind = (enum seamless_point_kind)kind;
	point.length = (uint32_t)length;
	/* Clearing what is not there is no error: gdb may do so after a reply was lost. */
	if (seamless_debug_point(s->config.machine, &point, set) || !set)
		ok(s);
	else
		gdb_error(s, "there is room for 64 breakpoints and watchpoints");
}

/* ---- going on ---- */

static bool run(struct gdb_session *s, const enum seamless_go *go)
{
	bool any = false;

	for (unsigned i = 0; i < s->config.vcpus; i++)
		any |= go[i] != SEAMLESS_GO_STAY;
	if (any) {
		s->running = true;
		seamless_debug_resume(s->config.machine, go);
	}
	return any;
}

/* One action of vCont, for the vCPUs that none before it was for. */
static bool take_action(struct gdb_session *s, struct gdb_text *t, enum seamless_go *go)
{
	enum seamless_go what = SEAMLESS_GO_RUN;
	uint64_t signal;
	int vcpu = -1;

	if (gdb_take(t, "s"))
		what = SEAMLESS_GO_STEP;
	else if (gdb_take(t, "S"))
		what = gdb_take_number(t, &signal) ? SEAMLESS_GO_STEP : SEAMLESS_GO_STAY;
	else if (gdb_take(t, "C"))
		what = gdb_take_number(t, &signal) ? SEAMLESS_GO_RUN : SEAMLESS_GO_STAY;
	else if (!gdb_take(t, "c"))
		what = SEAMLESS_GO_STAY;
	if (what == SEAMLESS_GO_STAY ||
	    (gdb_take(t, ":") && !gdb_take_thread(t, s->config.vcpus, &vcpu)))
		return false;
	for (unsigned i = 0; i < s->config.vcpus; i++)
		if (go[i] == SEAMLESS_GO_STAY && (vcpu < 0 || (unsigned)vcpu == i))
			go[i] = what;
	return true;
}

static bool go_on_each(struct gdb_session *s, struct gdb_text *t)
{
	enum seamless_go go[GDB_VCPUS] = { SEAMLESS_GO_STAY };

	while (gdb_take(t, ";"))
		if (!take_action(s, t, go))
			return false;
	return gdb_text_empty(t) && run(s, go);
}

/* "c [addr]", "s [addr]", and with a signal, which means nothing to a guest. */
static bool go_on_all(struct gdb_session *s, struct gdb_text *t, char command)
{
	bool step = command == 's' || command == 'S';
	enum seamless_go go[GDB_VCPUS];
	unsigned stepper = s->step_vcpu < s->config.vcpus ? s->step_vcpu : s->vcpu;
	uint64_t signal;

	if ((command == 'C' || command == 'S') && !gdb_take_number(t, &signal))
		return false;
	if (!gdb_text_empty(t)) /* elsewhere: gdb writes RIP instead */
		return false;
	for (unsigned i = 0; i < GDB_VCPUS; i++)
		go[i] = SEAMLESS_GO_RUN;
	if (step)
		go[stepper] = SEAMLESS_GO_STEP;
	return run(s, go);
}

bool gdb_go_on(struct gdb_session *s, struct gdb_text *t)
{
	const struct gdb_text whole = *t;
	bool goes = false;

	if (gdb_take(t, "vCont;")) {
		t->at--;
		goes = go_on_each(s, t);
	} else if (!gdb_text_empty(t) && strchr("cCsS", *t->at)) {
		t->at++;
		goes = go_on_all(s, t, t->at[-1]);
	}
	if (!goes)
		*t = whole;
	return goes;
}

/* ---- all of them ---- */

static enum gdb_verdict v_command(struct gdb_session *s, struct gdb_text *t)
{
	if (gdb_take(t, "Cont?")) {
		gdb_out_text(&s->out, "vCont;c;C;s;S");
	} else if (gdb_take(t, "Cont")) {
		malformed(s);
	} else if (gdb_take(t, "Kill")) {
		ok(s);
		return GDB_KILLED;
	}
	return GDB_GOES_ON; /* an empty reply: there is no such command */
}

static enum gdb_verdict detach(struct gdb_session *s)
{
	gdb_session_end(s);
	ok(s);
	return GDB_DETACHED;
}

enum gdb_verdict gdb_command(struct gdb_session *s, struct gdb_text *t)
{
	char command = gdb_text_empty(t) ? 0 : *t->at++;

	switch (command) {
	case '?': gdb_stop_reply(s); break;
	case 'g': read_registers(s, t); break;
	case 'G': write_registers(s, t); break;
	case 'p': read_register(s, t); break;
	case 'P': write_register(s, t); break;
	case 'm': read_memory(s, t); break;
	case 'M': write_memory(s, t, false); break;
	case 'X': write_memory(s, t, true); break;
	case 'H': choose_thread(s, t); break;
	case 'T': is_thread_alive(s, t); break;
	case 'Z': set_point(s, t, true); break;
	case 'z': set_point(s, t, false); break;
	case 'c':
	case 'C':
	case 's':
	case 'S': malformed(s); break;
	case 'q':
	case 'Q':
		t->at--;
		gdb_query(s, t);
		break;
	case 'v': return v_command(s, t);
	case 'D': return detach(s);
	case 'k': return GDB_KILLED;
	default: break; /* an empty reply: there is no such command */
	}
	return GDB_GOES_ON;
}
