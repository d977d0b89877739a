/* SPDX-License-Identifier: MIT */
/*
 * One gdb's session with the guest on a machine: commands in, replies and stops out. The vCPU of
 * processor N is gdb's thread N + 1; all stop together. No input or output of its own, and every
 * byte of the client is untrusted.
 */
#ifndef GDB_SESSION_H
#define GDB_SESSION_H

#include "gdb/packet.h"
#include "seamless/debug.h"

#define GDB_VCPUS   64u
#define GDB_XML_MAX 12288u

struct gdb_config {
	struct seamless_machine *machine; /* with seamless_debug_start() done */
	unsigned vcpus;
	/* To the client. */
	void (*send)(void *opaque, const void *bytes, size_t n);
	/* What `vcpu` is doing while all are stopped, as a few words. */
	void (*describe)(void *opaque, unsigned vcpu, char *text, size_t room);
	void *opaque;
};

/* What becomes of the session. */
enum gdb_verdict {
	GDB_GOES_ON,
	GDB_DETACHED, /* the client has let go of the guest */
	GDB_KILLED,   /* the client wants the run to end */
	GDB_BROKEN,   /* it does not speak the protocol */
};

struct gdb_session {
	struct gdb_config config;
	struct gdb_in in;
	struct gdb_out out;
	bool running;  /* the client waits for a stop */
	bool starting; /* it does not yet: nothing is answered before the first stop */
	bool no_ack;
	bool interrupted; /* by the client, since it let the guest go on */
	bool tells_breaks;
	unsigned vcpu;	    /* that `g`, `m` and the like are about */
	unsigned step_vcpu; /* and that `c` and `s` are: GDB_VCPUS means all */
	struct seamless_stop stop;
	size_t xml_size;
	char xml[GDB_XML_MAX];
	uint8_t bytes[GDB_PACKET_MAX / 2];
	uint8_t held[2 * GDB_PACKET_MAX]; /* came while the guest ran */
	size_t held_size;
};

/* Begins a session and asks the guest to stop; gdb_session_stopped() follows. */
void gdb_session_begin(struct gdb_session *s, const struct gdb_config *config);

/* Takes what the client sent. */
enum gdb_verdict gdb_session_take(struct gdb_session *s, const void *bytes, size_t n);

/* All vCPUs have stopped. */
enum gdb_verdict gdb_session_stopped(struct gdb_session *s);

/* The run is over: tells the client, with the status that the command ends with. */
void gdb_session_over(struct gdb_session *s, unsigned status);

/* The client is gone: points go and the guest runs on. */
void gdb_session_end(struct gdb_session *s);

/* For the session's own files. */

/* Reply to one packet that is not about running. */
enum gdb_verdict gdb_command(struct gdb_session *s, struct gdb_text *t);
void gdb_query(struct gdb_session *s, struct gdb_text *t);
/* "c", "s", "vCont;...": false if it makes no sense; else the guest runs. */
bool gdb_go_on(struct gdb_session *s, struct gdb_text *t);
bool gdb_take_thread(struct gdb_text *t, unsigned vcpus, int *vcpu); /* -1: all or any */
void gdb_stop_reply(struct gdb_session *s);
void gdb_error(struct gdb_session *s, const char *why);

#endif
