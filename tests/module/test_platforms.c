// SPDX-License-Identifier: MIT
/*
 * Migration between two platforms, and metadata that a forger with the session's key sends: what arrives, what is
 * refused, and that the refusal names the field.
 */
#include "mig_box.h"

#include "module/mig.h"
#include "platform/crypto.h"

#define FATAL (1ull << 61)
#define FIELD_OP_STATE 0x9010000200000004ull
#define FIELD_MIG_DEC_KEY 0x9810000300000010ull
#define FIELD_MIG_VERSION 0x9810000100000020ull
#define BUFFERS 16u

struct pair {
	struct mig_box from, to;
};

static void give_key(struct mig_box *from, const struct mig_td *source, struct mig_box *to, const struct mig_td *target)
{
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(mig_tdcall(from, source, LEAF_TDG_SERVTD_RD, FIELD_MIG_ENC_KEY + i, 0), TDX_SUCCESS);
		assert_int_equal(mig_tdcall(to, target, LEAF_TDG_SERVTD_WR, FIELD_MIG_DEC_KEY + i,
					    from->b->regs.gpr[GPR_R8]), TDX_SUCCESS);
	}
	assert_int_equal(mig_tdcall(to, target, LEAF_TDG_SERVTD_WR, FIELD_MIG_VERSION, 0), TDX_SUCCESS);
}

/* Two platforms; the source of the first is to move to the second, as their migration TDs have agreed. */
static struct pair *open_pair(const char *more_config)
{
	static struct pair p;

	mig_open(&p.from);
	mig_open_on(&p.to, more_config);
	give_key(&p.from, &p.from.src, &p.to, &p.to.dst);
	give_key(&p.to, &p.to.dst, &p.from, &p.from.src);
	return &p;
}

static void close_pair(struct pair *p)
{
	mig_close(&p->from);
	mig_close(&p->to);
}

/* The network: what the first host has in its buffers, the second one gets. */
static void carry(struct pair *p)
{
	struct memory *from = &p->from.b->p->mem;
	uint8_t bytes[PAGE_BYTES];

	for (unsigned i = 0; i < BUFFERS; i++) {
		memcpy(bytes, mem_ptr(from, MIG_BUFFERS + i * PAGE_BYTES, PAGE_BYTES), PAGE_BYTES);
		assert_true(mem_host_write(&p->to.b->p->mem, MEM_NO_LP, MIG_BUFFERS + i * PAGE_BYTES, bytes, PAGE_BYTES));
	}
	memcpy(bytes, mem_ptr(from, MIG_MBMD, MBMD_BYTES), MBMD_BYTES);
	assert_true(mem_host_write(&p->to.b->p->mem, MEM_NO_LP, MIG_MBMD, bytes, MBMD_BYTES));
	p->to.pages = p->from.pages;
}

static uint64_t move_immutable(struct pair *p)
{
	assert_int_equal(mig_export_state(&p->from, LEAF_TDH_EXPORT_STATE_IMMUTABLE, p->from.src.tdr), TDX_SUCCESS);
	carry(p);
	return mig_import_state(&p->to, LEAF_TDH_IMPORT_STATE_IMMUTABLE, p->to.dst.tdr);
}

static void expect_sentence(struct mig_box *m, const char *part)
{
	char reason[400];

	module_reason_format(m->b->m, 0, reason, sizeof(reason));
	if (!strstr(reason, part))
		fail_msg("'%s' does not say '%s'", reason, part);
}

/* ---- two platforms ---- */

static void arrives_on_a_platform_of_the_same_kind(void **state)
{
	struct pair *p = open_pair("seed 99");

	(void)state;
	assert_int_equal(move_immutable(p), TDX_SUCCESS);
	assert_int_equal(mig_md(&p->to, p->to.dst.tdr, FIELD_OP_STATE), OP_STATE_MEMORY_IMPORT);
	close_pair(p);
}

/* What either TD's MBMD says of the other's keys is wrong: each platform has keys of its own. */
static void needs_the_keys_of_this_session(void **state)
{
	struct pair *p = open_pair("seed 99");

	(void)state;
	give_key(&p->to, &p->to.src, &p->to, &p->to.dst);
	assert_int_equal(move_immutable(p), TDX_INCORRECT_MBMD_MAC | FATAL);
	close_pair(p);
}

/* The TD shows the model of its processor (CPUID 1, EAX); the second platform has an older one. */
static void refuses_a_td_that_the_processor_cannot_run(void **state)
{
	struct pair *p = open_pair("seed 99\nfms 0x606a6\ncpuid 0x1 - = 0x606a6 0x100800 0x7ffefbff 0xbfebfbff");

	(void)state;
	assert_int_equal(move_immutable(p) & ~0xffffffffull, TDX_METADATA_FIELD_VALUE_NOT_VALID | FATAL);
	assert_int_equal(p->to.b->regs.gpr[GPR_RCX] & ~0xfffull, 0x9410000300000000ull);
	expect_sentence(&p->to, "CPUID_VALUES");
	assert_int_equal(mig_md(&p->to, p->to.dst.tdr, FIELD_OP_STATE), OP_STATE_FAILED_IMPORT);
	close_pair(p);
}

/* ---- a forger who has the key ---- */

/* One word of a page of the bundle replaced, and the MAC made anew. */
static void forge(struct mig_box *m, unsigned page, unsigned word, uint64_t value)
{
	struct gcm_saved opened = { 0 }, sealed = { 0 };
	struct mbmd mbmd, aad;
	uint8_t iv[GCM_IV_SIZE], key[GCM_KEY_SIZE];
	uint64_t plain[PAGE_BYTES / 8];
	struct td td;

	td_load(m->b->m, m->src.tdr, &td);
	memcpy(key, td.tdcs->mig_enc_working_key, sizeof(key));
	memcpy(&mbmd, mem_ptr(&m->b->p->mem, MIG_MBMD, MBMD_BYTES), sizeof(mbmd));
	aad = mbmd_authenticated(&mbmd);
	mig_iv(mbmd.iv_counter, mbmd.stream, iv);
	assert_true(gcm_saved_start(&opened, key, iv, &aad, MBMD_BYTES - MAC_BYTES));
	assert_true(gcm_saved_start(&sealed, key, iv, &aad, MBMD_BYTES - MAC_BYTES));
	for (unsigned i = 0; i < m->pages; i++) {
		void *text = mem_ptr(&m->b->p->mem, MIG_BUFFERS + i * PAGE_BYTES, PAGE_BYTES);

		assert_true(gcm_saved_text(&opened, true, text, plain, PAGE_BYTES));
		if (i == page)
			plain[word] = value;
		assert_true(gcm_saved_text(&sealed, false, plain, text, PAGE_BYTES));
	}
	assert_true(gcm_saved_tag(&sealed, mbmd.mac));
	memcpy(mem_ptr(&m->b->p->mem, MIG_MBMD, MBMD_BYTES), &mbmd, sizeof(mbmd));
}

static void a_forged_word(unsigned page, unsigned word, uint64_t value, uint64_t status, const char *sentence)
{
	struct mig_box m;

	mig_open(&m);
	assert_int_equal(mig_export_state(&m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m.src.tdr), TDX_SUCCESS);
	forge(&m, page, word, value);
	assert_int_equal(mig_import_state(&m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m.dst.tdr), status);
	if (sentence)
		expect_sentence(&m, sentence);
	mig_close(&m);
}

/* What is in the list to begin with: for that the forger changes nothing. */
static void forges_well(void **state)
{
	struct mig_box m;

	(void)state;
	mig_open(&m);
	assert_int_equal(mig_export_state(&m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m.src.tdr), TDX_SUCCESS);
	forge(&m, m.pages, 0, 0);
	assert_int_equal(mig_import_state(&m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m.dst.tdr), TDX_SUCCESS);
	mig_close(&m);
}

static void lists_that_are_none(void **state)
{
	(void)state;
	a_forged_word(0, 0, 0x0000000000000100, TDX_INVALID_METADATA_LIST_HEADER | FATAL, "list header 0x100");
	a_forged_word(0, 0, 0x0000000100010100, TDX_INVALID_METADATA_LIST_HEADER | FATAL, "list header 0x100010100");
	a_forged_word(0, 0, 0x0000000000010007, TDX_METADATA_LIST_OVERFLOW | 0xffff | FATAL, "it has 7 bytes");
	a_forged_word(0, 0, 0x0000000000011001, BAD(PAGE) | FATAL, "list header 0x11001");
	a_forged_word(1, 0, 0x0000000000000100, TDX_INVALID_METADATA_LIST_HEADER | FATAL, "list header 0x100");
}

static void fields_that_do_not_fit(void **state)
{
	(void)state;
	a_forged_word(0, 1, 0xffffffffffffffff, TDX_METADATA_FIELD_ID_INCORRECT | 0xffff0000 | FATAL, "0xffffffffffffffff");
	a_forged_word(1, 1, 0x0000000000000000, TDX_METADATA_FIELD_ID_INCORRECT | 0xffff0000 | FATAL, NULL);
	a_forged_word(0, 0, 0x0000000000010018, TDX_METADATA_LIST_OVERFLOW | 0xffff0000 | FATAL, NULL);
}

/* Any word of the TD's own fields: what is refused for its value is named with it. */
static void values_that_do_not_fit(void **state)
{
	unsigned named = 0;
	struct mig_box m;
	char reason[400];
	uint64_t st;

	(void)state;
	for (unsigned word = 2; word < PAGE_BYTES / 8; word += 3) {
		mig_open(&m);
		assert_int_equal(mig_export_state(&m, LEAF_TDH_EXPORT_STATE_IMMUTABLE, m.src.tdr), TDX_SUCCESS);
		forge(&m, 1, word, 0x5a5aa5a5c3c33c3c);
		st = mig_import_state(&m, LEAF_TDH_IMPORT_STATE_IMMUTABLE, m.dst.tdr);
		assert_true(st == TDX_SUCCESS || st & FATAL);
		module_reason_format(m.b->m, 0, reason, sizeof(reason));
		if ((st & ~FATAL & ~0xffffffffull) == TDX_METADATA_FIELD_VALUE_NOT_VALID) {
			if (!strstr(reason, "3c3c") || strstr(reason, ": 0x0:"))
				fail_msg("word %u: '%s' does not name the value", word, reason);
			named++;
		}
		mig_close(&m);
	}
	assert_true(named > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives_on_a_platform_of_the_same_kind),
		cmocka_unit_test(needs_the_keys_of_this_session),
		cmocka_unit_test(refuses_a_td_that_the_processor_cannot_run),
		cmocka_unit_test(forges_well),
		cmocka_unit_test(lists_that_are_none),
		cmocka_unit_test(fields_that_do_not_fit),
		cmocka_unit_test(values_that_do_not_fit),
	};

	return cmocka_run_group_tests_name("platforms", tests, NULL, NULL);
}
