// SPDX-License-Identifier: MIT
/*
 * Memory of a TD that migrates: TDH.EXPORT.MEM and TDH.IMPORT.MEM of whole lists, against
 * AES-256-GCM of as many pages there and back in libcrypto, each with an IV and a tag of its own
 * under one key. Source, destination and the migration TD that exchanges their keys are on one
 * machine, whose memory the host has used before: the first use of a page is the kernel's work.
 */
#include <openssl/evp.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "tdx/tdx.h"

#define LISTS	    8u
#define ENTRIES	    512u /* of a list */
#define KEY_WORDS   4u
#define STREAMS	    2u /* backward and one forward */
#define STATE_PAGES 16u
#define LAST(n)	    ((uint64_t)(n) << 55)
#define MBMD_ROOM   (48ull << 52)
#define GPA_MIGRATE (1ull << 52)
#define NO_LIST	    UINT64_MAX
#define FIRST_KEY   0x3eu

enum { RCX = 1, RDX = 2, R8 = 8, R9, R10, R11, R12, R13 };

/* Leaves by number: lists and returned registers are set by hand here. */
enum {
	VP_ENTER = 0,
	SEPT_ADD = 3,
	SERVTD_BIND = 48,
	EXPORT_MEM = 68,
	EXPORT_PAUSE = 70,
	EXPORT_IMMUTABLE = 72,
	IMPORT_MEM = 83,
	IMPORT_IMMUTABLE = 85,
	STREAM_CREATE = 96,
	G_SERVTD_RD = 18,
	G_SERVTD_WR = 20,
};

/* A TD as the migration TD knows it. */
struct peer {
	uint64_t tdr, handle, uuid[4];
};

struct session {
	struct vmm_host *host;
	struct vmm_td migtd, source;
	struct peer from, to;
	uint64_t mbmd, list, gpas, macs[2], state[STATE_PAGES], buffer[ENTRIES], fresh[ENTRIES],
		new_pages;
	struct vmm_error *err;
};

static int call(struct session *s, struct seamless_regs *regs)
{
	char why[400];

	if (seamless_seamcall(regs) == SEAMLESS_TO_HOST && !regs->gpr[0])
		return 0;
	seamless_reason(why, sizeof(why));
	return vmm_fail(s->err, "%s", why);
}

static int call2(struct session *s, uint64_t leaf, uint64_t rcx, uint64_t rdx)
{
	return call(s, &(struct seamless_regs){ .gpr = { leaf, rcx, rdx } });
}

static uint64_t page(struct session *s)
{
	return vmm_frames_alloc(&s->host->frames, FRAME_HOST, VMM_LEVEL_4K);
}

/* ---- the three TDs ---- */

static int make_migtd(struct session *s)
{
	uint8_t mrtd[TD_MRTD_SIZE];

	return bench_create_td(&s->migtd, s->host, s->err) || td_add_vcpu(&s->migtd, 0, s->err) ||
			       td_finalize(&s->migtd, mrtd, s->err)
		       ? -1
		       : 0;
}

static int make_source(struct session *s)
{
	const struct td_config config = { .attributes = TDX_TD_ATTRIBUTES_MIGRATABLE_MASK,
					  .xfam = TDX_XFAM_X87_MASK | TDX_XFAM_SSE_MASK,
					  .max_vcpus = 1 };
	uint8_t contents[VMM_4K] = { 0 };

	if (td_create(&s->source, s->host, &config, s->err) || td_add_vcpu(&s->source, 0, s->err))
		return -1;
	for (uint64_t i = 0; i < LISTS * ENTRIES; i++) {
		memcpy(contents, &i, sizeof(i));
		if (td_add_page(&s->source, i * VMM_4K, contents, s->err))
			return -1;
	}
	s->from.tdr = s->source.tdr;
	return 0;
}

/* Only keys and control pages: all else is to come from the source. */
static int make_destination(struct session *s)
{
	tdx_status_t status;

	s->to.tdr = page(s);
	status = tdh_mng_create(tdx_tdr(s->to.tdr), tdx_hkid(FIRST_KEY));
	if (tdx_status_ok(status))
		status = tdh_mng_key_config(tdx_tdr(s->to.tdr));
	for (unsigned i = 0; i < 6 && tdx_status_ok(status); i++)
		status = tdh_mng_addcx(tdx_hpa(page(s)), tdx_tdr(s->to.tdr));
	return tdx_status_ok(status) ? 0 : vmm_fail_call(s->err, "making the destination", status);
}

static int bind(struct session *s, struct peer *p)
{
	struct seamless_regs regs = { .gpr = { SERVTD_BIND, p->tdr, s->migtd.tdr } };

	if (call(s, &regs))
		return -1;
	p->handle = regs.gpr[RCX];
	memcpy(p->uuid, &regs.gpr[R10], sizeof(p->uuid));
	for (unsigned i = 0; i < STREAMS; i++) {
		if (call2(s, STREAM_CREATE, page(s), p->tdr))
			return -1;
	}
	return 0;
}

/* ---- the keys ---- */

/* TDCALL of the migration TD, which runs: about a field of a peer. */
static int ask(struct session *s, uint64_t leaf, const struct peer *p, uint64_t field,
	       uint64_t *value)
{
	const struct seamless_vm_exit exit = { .reason = SEAMLESS_EXIT_TDCALL, .instr_length = 4 };
	struct seamless_regs regs = { .gpr = { leaf, p->handle, field } };

	regs.gpr[R8] = *value;
	regs.gpr[R9] = UINT64_MAX;
	memcpy(&regs.gpr[R10], p->uuid, sizeof(p->uuid));
	seamless_guest_64bit();
	if (seamless_vm_exit(&exit, &regs) != SEAMLESS_TO_GUEST || regs.gpr[0])
		return vmm_fail(s->err, "the migration TD's TDCALL %u failed", (unsigned)leaf);
	*value = regs.gpr[R8];
	return 0;
}

static int give_key(struct session *s, const struct peer *from, const struct peer *to)
{
	uint64_t version = 0;

	for (unsigned i = 0; i < KEY_WORDS; i++) {
		uint64_t word = 0;

		if (ask(s, G_SERVTD_RD, from, TDX_MD_TD_MIG_ENC_KEY + i, &word) ||
		    ask(s, G_SERVTD_WR, to, TDX_MD_TD_MIG_DEC_KEY + i, &word))
			return -1;
	}
	return ask(s, G_SERVTD_WR, to, TDX_MD_TD_MIG_VERSION, &version);
}

static int exchange_keys(struct session *s)
{
	const struct seamless_vm_exit interrupt = { .reason = SEAMLESS_EXIT_INTERRUPT };
	struct seamless_regs regs = { .gpr = { VP_ENTER, s->migtd.vcpu[0].tdvpr } };
	int result;

	if (seamless_seamcall(&regs) != SEAMLESS_TO_GUEST)
		return vmm_fail(s->err, "the migration TD can't be entered");
	result = give_key(s, &s->from, &s->to) || give_key(s, &s->to, &s->from) ? -1 : 0;
	seamless_advance_tsc(s->host->machine,
			     1 << 20); /* an interrupt at once looks like single-stepping */
	seamless_vm_exit(&interrupt, &regs);
	return result;
}

/* ---- bundles ---- */

static void write_words(struct session *s, uint64_t pa, const uint64_t *words, size_t n)
{
	host_write(s->host, pa, words, n * sizeof(*words));
}

static void make_buffers(struct session *s)
{
	s->mbmd = page(s);
	s->list = page(s);
	s->gpas = page(s);
	s->new_pages = page(s);
	s->macs[0] = page(s);
	s->macs[1] = page(s);
	for (unsigned i = 0; i < STATE_PAGES; i++)
		s->state[i] = page(s);
	for (unsigned i = 0; i < ENTRIES; i++)
		s->buffer[i] = page(s);
}

static int move_immutable(struct session *s)
{
	struct seamless_regs out = { .gpr = { EXPORT_IMMUTABLE, s->from.tdr } };
	struct seamless_regs in = { .gpr = { IMPORT_IMMUTABLE, s->to.tdr } };

	write_words(s, s->list, s->state, STATE_PAGES);
	out.gpr[R8] = in.gpr[R8] = s->mbmd | MBMD_ROOM;
	out.gpr[R9] = s->list | LAST(STATE_PAGES - 1);
	if (call(s, &out))
		return -1;
	in.gpr[R9] = s->list | LAST(out.gpr[RDX] - 1);
	return call(s, &in);
}

static int add_table(struct session *s, uint64_t gpa, unsigned level)
{
	struct seamless_regs regs = { .gpr = { SEPT_ADD, gpa | level, s->to.tdr } };

	regs.gpr[R8] = page(s);
	return call(s, &regs);
}

static int add_tables(struct session *s)
{
	if (add_table(s, 0, 3) || add_table(s, 0, 2))
		return -1;
	for (uint64_t i = 0; i < LISTS; i++) {
		if (add_table(s, i * VMM_2M, 1))
			return -1;
	}
	return 0;
}

static void write_lists(struct session *s, unsigned n)
{
	uint64_t gpas[ENTRIES];

	for (unsigned i = 0; i < ENTRIES; i++) {
		gpas[i] = ((uint64_t)n * ENTRIES + i) * VMM_4K | GPA_MIGRATE;
		s->fresh[i] = page(s);
		host_clear(s->host, s->fresh[i], VMM_4K);
	}
	write_words(s, s->gpas, gpas, ENTRIES);
	write_words(s, s->list, s->buffer, ENTRIES);
	write_words(s, s->new_pages, s->fresh, ENTRIES);
}

static int move_list(struct session *s, unsigned n, double *best)
{
	struct seamless_regs out = { .gpr = { EXPORT_MEM, s->gpas | LAST(ENTRIES - 1),
					      s->from.tdr } },
			     in;
	double start;

	write_lists(s, n);
	out.gpr[R8] = s->mbmd | MBMD_ROOM;
	out.gpr[R9] = s->list;
	out.gpr[R11] = s->macs[0];
	out.gpr[R12] = s->macs[1];
	out.gpr[R13] = NO_LIST;
	in = out;
	in.gpr[0] = IMPORT_MEM;
	in.gpr[RDX] = s->to.tdr;
	in.gpr[R13] = s->new_pages;
	start = bench_now();
	if (call(s, &out) || call(s, &in))
		return -1;
	bench_keep_best(best, bench_now() - start);
	return 0;
}

/* ---- the limit ---- */

static bool cipher(EVP_CIPHER_CTX *c, bool encrypt, const uint8_t *from, uint8_t *to,
		   uint8_t tag[16])
{
	static const uint8_t iv[12] = { 2 };
	int n;

	return EVP_CipherInit_ex(c, NULL, NULL, NULL, iv, encrypt) &&
	       (encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag)) &&
	       EVP_CipherUpdate(c, to, &n, from, VMM_4K) && EVP_CipherFinal_ex(c, to + n, &n) &&
	       (!encrypt || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, tag));
}

static int time_cipher(double *best, struct vmm_error *err)
{
	static uint8_t plain[ENTRIES][VMM_4K], text[ENTRIES][VMM_4K], back[ENTRIES][VMM_4K];
	static uint8_t tag[ENTRIES][16];
	static const uint8_t key[32] = { 1 };
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	double start = bench_now();
	bool right = c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, NULL, 1);

	for (unsigned i = 0; right && i < ENTRIES; i++)
		right = cipher(c, true, plain[i], text[i], tag[i]);
	for (unsigned i = 0; right && i < ENTRIES; i++)
		right = cipher(c, false, text[i], back[i], tag[i]);
	bench_keep_best(best, bench_now() - start);
	EVP_CIPHER_CTX_free(c);
	return right ? 0 : vmm_fail(err, "libcrypto has no AES-256-GCM");
}

static int prepare(struct session *s)
{
	uint8_t mrtd[TD_MRTD_SIZE];

	make_buffers(s);
	return make_migtd(s) || make_source(s) || make_destination(s) || bind(s, &s->from) ||
			       bind(s, &s->to) || td_finalize(&s->source, mrtd, s->err) ||
			       exchange_keys(s) || move_immutable(s) || add_tables(s) ||
			       call2(s, EXPORT_PAUSE, s->from.tdr, 0)
		       ? -1
		       : 0;
}

/* The TDs end with their machine. */
static int measure(struct vmm_host *host, void *opaque, struct vmm_error *err)
{
	struct session s = { .host = host, .err = err };
	struct bench_migration *out = opaque;
	int result = prepare(&s);

	for (unsigned i = 0; i < LISTS && !result; i++)
		result = move_list(&s, i, &out->move) || time_cipher(&out->cipher, err) ? -1 : 0;
	td_sept_free(&s.source.sept);
	td_sept_free(&s.migtd.sept);
	return result;
}

int bench_migration(struct bench_migration *out, struct vmm_error *err)
{
	*out = (struct bench_migration){ .bytes = ENTRIES * VMM_4K };
	return bench_on_machine(SEAMLESS_GUEST_SCRIPTED, measure, out, err);
}
