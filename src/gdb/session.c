// SPDX-License-Identifier: MIT
/*
 * The session: from bytes to packets to replies, and the guest's stops in between.
 */
#include "gdb/session.h"

#include <string.h>

#include "gdb/registers.h"

void gdb_session_begin(struct gdb_session *s, const struct gdb_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->starting = s->running = true;
	s->step_vcpu = GDB_VCPUS;
	s->xml_size = gdb_target_xml(s->xml, sizeof(s->xml));
	seamless_debug_ask(config->machine);
}

static void send_reply(struct gdb_session *s)
{
	s->config.send(s->config.opaque, s->out.data, s->out.size);
}

static void acknowledge(struct gdb_session *s, char how)
{
	if (!s->no_ack)
		s->config.send(s->config.opaque, &how, 1);
}

void gdb_error(struct gdb_session *s, const char *why)
{
	gdb_out_text(&s->out, "E.");
	gdb_out_text(&s->out, why);
}

/* ---- stops ---- */

static void put_register(struct gdb_session *s, const struct seamless_state *state, unsigned number)
{
	uint8_t value[GDB_REGISTER_MAX];
	size_t n = gdb_register_get(state, number, value);

	gdb_out_number(&s->out, number);
	gdb_out_text(&s->out, ":");
	gdb_out_hex(&s->out, value, n);
	gdb_out_text(&s->out, ";");
}

static void put_point(struct gdb_session *s, const struct seamless_point *point)
{
	static const char *const names[] = {
		[SEAMLESS_POINT_SOFTWARE] = "swbreak:", [SEAMLESS_POINT_HARDWARE] = "hwbreak:",
		[SEAMLESS_POINT_WRITE] = "watch:",	[SEAMLESS_POINT_READ] = "rwatch:",
		[SEAMLESS_POINT_ACCESS] = "awatch:",
	};
	bool watched = point->kind >= SEAMLESS_POINT_WRITE;

	if (!watched && !s->tells_breaks)
		return;
	gdb_out_text(&s->out, names[point->kind]);
	if (watched)
		gdb_out_number(&s->out, point->address);
	gdb_out_text(&s->out, ";");
}

/* Why the guest stands, and of the vCPU whose doing it was the registers that gdb asks for first.
 */
void gdb_stop_reply(struct gdb_session *s)
{
	static const unsigned first[] = { GDB_RBP, GDB_RSP, GDB_RIP };
	struct seamless_state state;

	gdb_out_text(&s->out, s->interrupted && s->stop.why == SEAMLESS_STOP_ASKED ? "T02" : "T05");
	seamless_debug_state(s->config.machine, s->stop.lp, &state);
	for (unsigned i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		put_register(s, &state, first[i]);
	if (s->stop.why == SEAMLESS_STOP_POINT)
		put_point(s, &s->stop.point);
	gdb_out_text(&s->out, "thread:");
	gdb_out_number(&s->out, s->stop.lp + 1);
	gdb_out_text(&s->out, ";");
}

/* ---- packets ---- */

static enum gdb_verdict packet(struct gdb_session *s)
{
	struct gdb_text t = { s->in.data, s->in.data + s->in.size };
	enum gdb_verdict verdict;

	gdb_out_begin(&s->out);
	if (gdb_go_on(s, &t))
		return GDB_GOES_ON; /* the stop is the reply */
	verdict = gdb_command(s, &t);
	if (verdict == GDB_KILLED && s->out.size == 1)
		return verdict; /* `k` has none */
	gdb_out_end(&s->out);
	send_reply(s);
	return verdict;
}

static enum gdb_verdict take_byte(struct gdb_session *s, uint8_t byte)
{
	switch (gdb_in_take(&s->in, byte)) {
	case GDB_INPUT_PACKET: acknowledge(s, '+'); return packet(s);
	case GDB_INPUT_DAMAGED: acknowledge(s, '-'); return GDB_GOES_ON;
	case GDB_INPUT_REPEAT:
		if (!s->no_ack && s->out.size)
			send_reply(s);
		return GDB_GOES_ON;
	case GDB_INPUT_TOO_LONG: return GDB_BROKEN;
	default: return GDB_GOES_ON;
	}
}

/* While the guest runs only the interrupt counts; all else waits for the stop. */
static enum gdb_verdict hold_byte(struct gdb_session *s, uint8_t byte)
{
	if (byte == 3 && !s->held_size && s->in.state == GDB_IN_BETWEEN) {
		s->interrupted = true;
		if (!s->starting)
			seamless_debug_ask(s->config.machine);
		return GDB_GOES_ON;
	}
	if (byte == '+' && !s->held_size && s->in.state == GDB_IN_BETWEEN)
		return GDB_GOES_ON;
	if (s->held_size == sizeof(s->held))
		return GDB_BROKEN;
	s->held[s->held_size++] = byte;
	return GDB_GOES_ON;
}

enum gdb_verdict gdb_session_take(struct gdb_session *s, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	enum gdb_verdict verdict = GDB_GOES_ON;

	for (size_t i = 0; i < n && verdict == GDB_GOES_ON; i++)
		verdict = s->running ? hold_byte(s, at[i]) : take_byte(s, at[i]);
	return verdict;
}

/* What came while the guest ran, up to where it lets it run again. */
static enum gdb_verdict take_held(struct gdb_session *s)
{
	enum gdb_verdict verdict = GDB_GOES_ON;
	size_t n = 0;

	while (n < s->held_size && !s->running && verdict == GDB_GOES_ON)
		verdict = take_byte(s, s->held[n++]);
	s->held_size -= n;
	memmove(s->held, s->held + n, s->held_size);
	return verdict;
}

enum gdb_verdict gdb_session_stopped(struct gdb_session *s)
{
	bool starting = s->starting;

	if (!s->running || !seamless_debug_stopped(s->config.machine, &s->stop))
		return GDB_GOES_ON;
	s->running = s->starting = false;
	s->vcpu = s->stop.lp;
	if (!starting) {
		gdb_out_begin(&s->out);
		gdb_stop_reply(s);
		gdb_out_end(&s->out);
		send_reply(s);
	}
	s->interrupted = false;
	return take_held(s);
}

void gdb_session_over(struct gdb_session *s, unsigned status)
{
	gdb_out_begin(&s->out);
	gdb_out_text(&s->out, "W");
	gdb_out_number(&s->out, status & 0xff);
	gdb_out_end(&s->out);
	if (s->running && !s->starting)
		send_reply(s);
}

void gdb_session_end(struct gdb_session *s)
{
	enum seamless_go go[GDB_VCPUS];

	for (unsigned i = 0; i < GDB_VCPUS; i++)
		go[i] = SEAMLESS_GO_RUN;
	seamless_debug_clear_points(s->config.machine);
	seamless_debug_resume(s->config.machine, go);
}
