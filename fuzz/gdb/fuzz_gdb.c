// SPDX-License-Identifier: MIT
/*
 * A hostile client of the gdb session. Input: bytes as they come from the socket; a byte 0xFF in
 * between is the guest's next stop, whose reason the byte after it chooses. The machine is one that
 * has two vCPUs, 64 KiB of memory at 0x10000, and registers that hold what was written.
 */
#include <string.h>

#include "gdb/session.h"

#define VCPUS  2u
#define MEMORY 0x10000u
#define BASE   0x10000u

struct seamless_machine {
	struct seamless_state state[VCPUS];
	uint8_t memory[MEMORY];
	unsigned points;
	bool running;
	struct seamless_stop stop;
};

static struct seamless_machine machine;

/* ---- the machine ---- */

void seamless_debug_ask(struct seamless_machine *m)
{
	m->running = true; /* until the input says that it stopped */
}

bool seamless_debug_stopped(struct seamless_machine *m, struct seamless_stop *stop)
{
	*stop = m->stop;
	return !m->running;
}

void seamless_debug_resume(struct seamless_machine *m, const enum seamless_go *go)
{
	m->running = go[0] != SEAMLESS_GO_STAY || go[1] != SEAMLESS_GO_STAY;
}

bool seamless_debug_point(struct seamless_machine *m, const struct seamless_point *point, bool set)
{
	if (point->kind > SEAMLESS_POINT_ACCESS || !point->length || point->length > 4096)
		__builtin_trap();
	if (set ? m->points == 64 : !m->points)
		return false;
	m->points += set ? 1u : -1u;
	return true;
}

void seamless_debug_clear_points(struct seamless_machine *m)
{
	m->points = 0;
}

static struct seamless_state *state_of(struct seamless_machine *m, unsigned lp)
{
	if (lp >= VCPUS)
		__builtin_trap();
	return &m->state[lp];
}

bool seamless_debug_state(struct seamless_machine *m, unsigned lp, struct seamless_state *state)
{
	*state = *state_of(m, lp);
	return !lp;
}

bool seamless_debug_set_state(struct seamless_machine *m, unsigned lp,
			      const struct seamless_state *state)
{
	*state_of(m, lp) = *state;
	return true;
}

static size_t within(uint64_t lin, size_t len, enum seamless_mapped *end)
{
	uint64_t room = lin - BASE < MEMORY ? MEMORY - (lin - BASE) : 0;

	*end = room < len ? SEAMLESS_NOT_IN_EPT : SEAMLESS_MAPPED;
	return room < len ? (size_t)room : len;
}

size_t seamless_debug_read(struct seamless_machine *m, unsigned lp, uint64_t lin, void *buf,
			   size_t len, enum seamless_mapped *end)
{
	size_t n = within(lin, len, end);

	state_of(m, lp);
	if (n)
		memcpy(buf, m->memory + (lin - BASE), n);
	return n;
}

size_t seamless_debug_write(struct seamless_machine *m, unsigned lp, uint64_t lin, const void *buf,
			    size_t len, enum seamless_mapped *end)
{
	size_t n = within(lin, len, end);

	state_of(m, lp);
	if (n)
		memcpy(m->memory + (lin - BASE), buf, n);
	return n;
}

enum seamless_mapped seamless_debug_translate(struct seamless_machine *m, unsigned lp, uint64_t lin,
					      uint64_t *gpa)
{
	enum seamless_mapped end;

	state_of(m, lp);
	*gpa = lin;
	within(lin, 1, &end);
	return end;
}

/* ---- the socket ---- */

/* Whatever is sent is a packet or an acknowledgement. */
static void send_nowhere(void *opaque, const void *bytes, size_t n)
{
	const char *text = bytes;

	(void)opaque;
	if (n == 1 ? *text != '+' && *text != '-' : n < 4 || text[0] != '$' || text[n - 3] != '#')
		__builtin_trap();
}

static void describe(void *opaque, unsigned vcpu, char *text, size_t room)
{
	(void)opaque;
	state_of(&machine, vcpu);
	if (room)
		text[0] = 0;
}

static void stop_guest(uint8_t how)
{
	machine.running = false;
	machine.stop = (struct seamless_stop){
		.lp = how & 1,
		.why = (enum seamless_stop_why)(how >> 1 & 3) % 3,
		.point = { .kind = (enum seamless_point_kind)((how >> 3) % 5),
			   .address = BASE + how,
			   .length = 8 },
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gdb_session session;
	const struct gdb_config config = {
		.machine = &machine, .vcpus = VCPUS, .send = send_nowhere, .describe = describe
	};
	enum gdb_verdict verdict = GDB_GOES_ON;

	memset(&machine, 0, sizeof(machine));
	gdb_session_begin(&session, &config);
	stop_guest(0);
	gdb_session_stopped(&session);
	for (size_t i = 0; i < size && verdict == GDB_GOES_ON; i++) {
		if (data[i] != 0xff || i + 1 == size) {
			verdict = gdb_session_take(&session, &data[i], 1);
		} else if (machine.running) {
			stop_guest(data[++i]);
			verdict = gdb_session_stopped(&session);
		}
	}
	gdb_session_over(&session, size & 0xff);
	gdb_session_end(&session);
	return 0;
}
