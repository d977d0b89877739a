// SPDX-License-Identifier: MIT
/*
 * Queries: what this side can do, the target description, the list of threads, `monitor`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gdb/session.h"

/* The client's features; only one matters here. */
static void supported(struct gdb_session *s, struct gdb_text *t)
{
	char text[160];

	while (!gdb_text_empty(t)) {
		if (gdb_take(t, "swbreak+"))
			s->tells_breaks = true;
		else
			t->at++;
	}
	snprintf(text, sizeof(text),
		 "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;"
		 "hwbreak+",
		 GDB_PACKET_MAX);
	gdb_out_text(&s->out, text);
}

/* "OFFSET,LENGTH" of the target description. */
static void description(struct gdb_session *s, struct gdb_text *t)
{
	uint64_t at, n;

	if (!gdb_take_number(t, &at) || !gdb_take(t, ",") || !gdb_take_number(t, &n) ||
	    !gdb_text_empty(t) || at > s->xml_size) {
		gdb_error(s, "malformed packet");
		return;
	}
	if (n > GDB_PACKET_MAX / 2)
		n = GDB_PACKET_MAX / 2;
	gdb_out_text(&s->out, n < s->xml_size - at ? "m" : "l");
	gdb_out_binary(&s->out, s->xml + at, n < s->xml_size - at ? n : s->xml_size - at);
}

static void threads(struct gdb_session *s)
{
	gdb_out_text(&s->out, "m");
	for (unsigned i = 0; i < s->config.vcpus; i++) {
		gdb_out_text(&s->out, i ? "," : "");
		gdb_out_number(&s->out, i + 1);
	}
}

static void thread_info(struct gdb_session *s, struct gdb_text *t)
{
	char text[200];
	int vcpu;

	if (!gdb_take_thread(t, s->config.vcpus, &vcpu) || vcpu < 0) {
		gdb_error(s, "no such thread");
		return;
	}
	s->config.describe(s->config.opaque, (unsigned)vcpu, text, sizeof(text));
	gdb_out_hex(&s->out, text, strlen(text));
}

/* ---- monitor ---- */

static const char *mapped_text(enum seamless_mapped mapped)
{
	switch (mapped) {
	case SEAMLESS_MAPPED: return "";
	case SEAMLESS_NOT_IN_PAGE_TABLES: return "not in the guest's page tables";
	case SEAMLESS_NOT_IN_EPT:
		return "no page there: the VMM added none, or the guest did not accept it";
	case SEAMLESS_READ_ONLY: return "read-only for the TD";
	default: return "no guest has run on this vCPU yet";
	}
}

static void translate(const struct gdb_session *s, uint64_t address, char *text, size_t room)
{
	uint64_t gpa = 0;
	enum seamless_mapped mapped =
		seamless_debug_translate(s->config.machine, s->vcpu, address, &gpa);

	if (mapped == SEAMLESS_MAPPED)
		snprintf(text, room, "0x%" PRIx64 " is guest-physical 0x%" PRIx64 "\n", address,
			 gpa);
	else if (mapped == SEAMLESS_NOT_IN_EPT)
		snprintf(text, room, "0x%" PRIx64 " is guest-physical 0x%" PRIx64 ": %s\n", address,
			 gpa, mapped_text(mapped));
	else
		snprintf(text, room, "0x%" PRIx64 ": %s\n", address, mapped_text(mapped));
}

static void where(struct gdb_session *s)
{
	char line[256], text[200];

	for (unsigned i = 0; i < s->config.vcpus; i++) {
		s->config.describe(s->config.opaque, i, text, sizeof(text));
		snprintf(line, sizeof(line), "vCPU %u: %s\n", i, text);
		gdb_out_hex(&s->out, line, strlen(line));
	}
}

static void monitor(struct gdb_session *s, struct gdb_text *t)
{
	char command[128] = { 0 }, text[256];
	size_t n = (size_t)(t->end - t->at) / 2;
	struct gdb_text c = { command, command };
	uint64_t address;

	if (n >= sizeof(command) || !gdb_take_bytes(t, (uint8_t *)command, n)) {
		gdb_error(s, "malformed packet");
		return;
	}
	c.end = command + n;
	if (gdb_take(&c, "where")) {
		where(s);
		return;
	}
	snprintf(text, sizeof(text),
		 "monitor where: what each vCPU does\n"
		 "monitor translate ADDRESS: where a linear address, in hex, is\n");
	if (gdb_take(&c, "translate ") && (gdb_take(&c, "0x") || true) &&
	    gdb_take_number(&c, &address))
		translate(s, address, text, sizeof(text));
	gdb_out_hex(&s->out, text, strlen(text));
}

void gdb_query(struct gdb_session *s, struct gdb_text *t)
{
	if (gdb_take(t, "qSupported")) {
		supported(s, t);
	} else if (gdb_take(t, "QStartNoAckMode")) {
		s->no_ack = s->in.ignore_sum = true;
		gdb_out_text(&s->out, "OK");
	} else if (gdb_take(t, "qXfer:features:read:target.xml:")) {
		description(s, t);
	} else if (gdb_take(t, "qfThreadInfo")) {
		threads(s);
	} else if (gdb_take(t, "qsThreadInfo")) {
		gdb_out_text(&s->out, "l");
	} else if (gdb_take(t, "qThreadExtraInfo,")) {
		thread_info(s, t);
	} else if (gdb_take(t, "qC") && gdb_text_empty(t)) {
		gdb_out_text(&s->out, "QC");
		gdb_out_number(&s->out, s->vcpu + 1);
	} else if (gdb_take(t, "qAttached")) {
		gdb_out_text(&s->out, "1");
	} else if (gdb_take(t, "qRcmd,")) {
		monitor(s, t);
	}
	/* else an empty reply: there is no such query */
}
