/* SPDX-License-Identifier: MIT */
/*
 * Live migration: streams, bundles and what the leaves of a session share.
 *
 * A bundle is 48 bytes of metadata (MBMD) and pages of ciphertext. All of it is AES-256-GCM under the key of the
 * session; the IV counts up in each stream. Stream 0 of link 0 goes backward, the others go forward.
 */
#ifndef SEAMLESS_MODULE_MIG_H
#define SEAMLESS_MODULE_MIG_H

#include <stdbool.h>
#include <stdint.h>
#include "module/call.h"
#include "platform/crypto.h"

#define MIGS_MIN 2u
#define MIG_EPOCH_OUT_OF_ORDER 0xffffffffu
#define STATUS_FATAL (1ull << 61)
#define MAC_BYTES 16u
#define MBMD_BYTES ((unsigned)sizeof(struct mbmd))
#define LIST_ENTRIES 512u
#define LINK_BACKWARD 0u
#define LINK_FORWARD(stream) ((stream) + 1u)
#define BAD(operand) (TDX_OPERAND_INVALID | TDX_OPERAND_ID_##operand)

/* MBMD.specific of the immutable state: number of forward streams, pages of module metadata, zeros. */
#define SPECIFIC_STREAMS 0xffffull
#define SPECIFIC_SYS_PAGES_SHIFT 32
#define SPECIFIC_SYS_PAGES 0xffull
#define SPECIFIC_IMMUTABLE_RESERVED 0xffffff00ffff0000ull

/* Where an interrupted leaf goes on, and that nothing else may. */
struct mig_interrupted {
	uint8_t valid;
	uint8_t ctx; /* enum md_ctx of the field */
	uint32_t done;
	uint64_t func; /* RAX of the call */
	uint64_t list_info;
	uint64_t field;
	uint64_t tdvpr;
	uint64_t buffers, macs[2], new_pages;
	/* The first thing wrong with imported metadata: told only if the MAC is right. */
	uint64_t status, info[2];
};

/* A stream's page (MIGSC). */
struct migsc {
	uint16_t index;
	uint64_t iv_counter;
	uint32_t next_mb;     /* counter of the next bundle to send */
	uint32_t expected_mb; /* and to receive */
	struct mig_interrupted stopped;
	struct mbmd mbmd;
	uint8_t key[GCM_KEY_SIZE];
	struct gcm_saved gcm; /* of a state bundle under way */
};

_Static_assert(sizeof(struct migsc) <= 4096, "MIGSC is one page");

/* A stream that the call has locked. */
struct stream {
	uint64_t *link;
	struct migsc *sc;
	uint16_t index;
};

/* ---- operands ---- */

bool mig_resumes(const struct call *c);
/* R10: a stream below @streams, with the command bit. */
uint64_t mig_check_stream(struct call *c, unsigned streams);
/* R8: room for an MBMD in shared memory. */
uint64_t mig_check_mbmd(struct call *c);
/* Room for one at R8 was checked. */
void mig_read_mbmd(struct call *c, struct mbmd *m);
/* INVALID_MBMD unless a field of the MBMD at R8 is what it must be. */
uint64_t mbmd_field(struct call *c, const char *field, uint64_t is, uint64_t must_be);
/* The same of the fields that every kind has but COUNTER and EPOCH. */
uint64_t mbmd_check_header(struct call *c, const struct mbmd *m, enum mb_type type, uint16_t stream);
void mig_write_mbmd(struct call *c, const struct mbmd *m);
/* From and to the host's memory; where there is none, all ones come and nothing goes. */
void mig_copy_in(struct call *c, uint64_t pa, void *to, size_t len);
void mig_copy_out(struct call *c, uint64_t pa, const void *from, size_t len);
/* A word of the host's list. */
uint64_t mig_word(struct call *c, uint64_t pa);
void mig_put_word(struct call *c, uint64_t pa, uint64_t value);

/* ---- streams ---- */

uint64_t mig_lock_stream(struct call *c, unsigned link, struct stream *s);
/* The same of a stream that the call has locked already. */
void mig_stream(struct call *c, unsigned link, struct stream *s);
bool stream_started(const struct stream *s);
/* Started unless it is; nothing interrupted goes on in it. */
void stream_use(struct call *c, struct stream *s, const uint64_t key[4]);
/* What resumes there or carries on is refused: the stream is not in use. */
uint64_t stream_unused(struct call *c, const struct stream *s);
/* All streams of the TD are to be started again. */
void mig_stop_streams(struct call *c);
/* An operand that an interrupted leaf must be called with again. */
struct mig_operand {
	const char *name;
	uint64_t is, was;
};

/* The leaf was interrupted in this stream with the same @n operands; otherwise INVALID_RESUMPTION. */
uint64_t stream_check_resumption(struct call *c, struct stream *s, const struct mig_operand *o, unsigned n);

/* ---- cryptography: XMM registers are lost ---- */

void mig_iv(uint64_t counter, uint16_t stream, uint8_t iv[GCM_IV_SIZE]);
/* An MBMD of this type with the working version and epoch, its stream and IV not yet told. */
struct mbmd mbmd_new(const struct call *c, enum mb_type type, uint32_t counter, uint64_t specific);
/* The next IV of the stream; MAC of @m without text; then tells the stream and the IV. */
void mbmd_seal(struct call *c, struct stream *s, struct mbmd *m);
bool mbmd_authentic(struct call *c, const struct stream *s, const struct mbmd *m);
/* What is authenticated of @m. */
struct mbmd mbmd_authenticated(const struct mbmd *m);
/* A call that used AES-GCM leaves nothing of it in registers. */
void mig_clear_xmm(struct call *c);

/* ---- the session ---- */

/* A new key for the next session; the working keys are those that were exchanged. */
uint64_t mig_begin_session(struct call *c);
/* The import is over: the TD can only be torn down. */
uint64_t import_failed(struct call *c, uint64_t status);

#endif
