// SPDX-License-Identifier: MIT
/*
 * TDH.MNG.INIT takes over what TD_PARAMS may say and refuses each thing it may not, by its own operand.
 */
#include "box.h"

#define PARAMS (BOX_HOST + 0x2000)
#define FIELD(size, cls, code) (1ull << 52 | (uint64_t)(size) << 32 | (uint64_t)(cls) << 56 | (code))
#define FIELD_ATTRIBUTES FIELD(3, 17, 0)
#define FIELD_XFAM FIELD(3, 17, 1)
#define FIELD_GPAW FIELD(0, 17, 3)
#define FIELD_TSC_FREQUENCY FIELD(1, 17, 12)
#define FIELD_CPUID_15 (FIELD(3, 20, 0x15 << 9 | 0x100))
#define BAD(operand) (TDX_OPERAND_INVALID | TDX_OPERAND_ID_##operand)

/* A change of some bytes of parameters that are fine without it. */
struct change {
	unsigned offset, len;
	uint64_t value;
	uint64_t status;
};

static void write_params(struct box *b, const struct change *c)
{
	uint8_t params[1024] = { 0 };
	const uint64_t xfam = 3, eptp = 0x1e;

	memcpy(params + 8, &xfam, 8);
	params[16] = 2;
	memcpy(params + 24, &eptp, 8);
	params[40] = 40;
	memcpy(params + c->offset, &c->value, c->len);
	assert_true(mem_host_write(&b->p->mem, MEM_NO_LP, PARAMS, params, sizeof(params)));
}

static uint64_t new_td(struct box *b, unsigned hkid)
{
	uint64_t tdr = box_page(b);

	box_ok(b, 0, LEAF_TDH_MNG_CREATE, tdr, hkid, 0, 0);
	for (unsigned pkg = 0; pkg < b->p->config.packages; pkg++)
		box_ok(b, pkg, LEAF_TDH_MNG_KEY_CONFIG, tdr, 0, 0, 0);
	for (unsigned i = 0; i < 6; i++)
		box_ok(b, 0, LEAF_TDH_MNG_ADDCX, box_page(b), tdr, 0, 0);
	return tdr;
}

/* A refused call leaves the TD open for a better one. */
static void refuses_each_by_name(void **state)
{
	static const struct change changes[] = {
		{ 0, 8, 1ull << 1, BAD(ATTRIBUTES) },
		{ 0, 8, 1ull << 29 | 1, BAD(ATTRIBUTES) },
		{ 8, 8, 1, BAD(XFAM) },
		{ 8, 8, 3 | 1ull << 5, BAD(XFAM) },
		{ 8, 8, 3 | 1ull << 62, BAD(XFAM) },
		{ 16, 2, 0, BAD(MAX_VCPUS) },
		{ 18, 1, 4, BAD(NUM_L2_VMS) },
		{ 18, 1, 1, TDX_TDCS_NOT_ALLOCATED },
		{ 19, 1, 2, BAD(RDX) },
		{ 21, 1, 1, BAD(RDX) },
		{ 24, 8, 0x18, BAD(EPTP_CONTROLS) },
		{ 24, 8, 0x16, BAD(EPTP_CONTROLS) },
		{ 24, 8, 0x105e, BAD(EPTP_CONTROLS) },
		{ 32, 8, 1, BAD(EPTP_CONTROLS) },
		{ 32, 8, 1ull << 40, BAD(EXEC_CONTROLS) },
		{ 40, 2, 3, BAD(TSC_FREQUENCY) },
		{ 40, 2, 401, BAD(TSC_FREQUENCY) },
		{ 42, 1, 1, BAD(RDX) },
		{ 79, 1, 1, BAD(RDX) },
		{ 224, 8, 1ull << 4, BAD(IA32_ARCH_CAPABILITIES_CONFIG) },
		{ 255, 1, 1, BAD(RDX) },
		{ 256, 8, UINT64_MAX, BAD(CPUID_CONFIG) },
		{ 1023, 1, 1, BAD(RDX) },
	};
	static const struct change none = { 0, 0, 0, TDX_SUCCESS };
	struct box *b = *state;
	uint64_t tdr = new_td(b, BOX_HKID);

	for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		write_params(b, &changes[i]);
		if (box_call(b, 0, LEAF_TDH_MNG_INIT, tdr, PARAMS) != changes[i].status)
			fail_msg("offset %u, value 0x%llx: status 0x%llx", changes[i].offset,
				 (unsigned long long)changes[i].value, (unsigned long long)b->regs.gpr[GPR_RAX]);
	}
	write_params(b, &none);
	box_ok(b, 0, LEAF_TDH_MNG_INIT, tdr, PARAMS, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_INIT, tdr, PARAMS), TDX_OP_STATE_INCORRECT);
}

static uint64_t md(struct box *b, uint64_t tdr, uint64_t field)
{
	assert_int_equal(box_call(b, 0, LEAF_TDH_MNG_RD, tdr, field), TDX_SUCCESS);
	return b->regs.gpr[GPR_R8];
}

static void takes_over_the_rest(void **state)
{
	static const struct change debug = { 0, 8, 1, TDX_SUCCESS };
	struct box *b = *state;
	uint64_t tdr = new_td(b, BOX_HKID);

	write_params(b, &debug);
	box_ok(b, 0, LEAF_TDH_MNG_INIT, tdr, PARAMS, 0, 0);
	assert_int_equal(md(b, tdr, FIELD_ATTRIBUTES), 1);
	assert_int_equal(md(b, tdr, FIELD_XFAM), 3);
	assert_int_equal(md(b, tdr, FIELD_GPAW), 0);
	assert_int_equal(md(b, tdr, FIELD_TSC_FREQUENCY), 40);
	/* CPUID(15h).EBX is the frequency in units of 25 MHz, as the guest computes it from ECX and EAX */
	assert_int_equal(md(b, tdr, FIELD_CPUID_15) >> 32, 40);
}

/* Registers with which the first vCPU starts. */
static void vcpu_starts_as_specified(void **state)
{
	struct box *b = *state;
	uint64_t tdvpr, tdr = box_td(b, BOX_HKID, &tdvpr), second = box_page(b);

	box_ok(b, 0, LEAF_TDH_VP_CREATE, second, tdr, 0, 0);
	for (unsigned i = 0; i < 5; i++)
		box_ok(b, 0, LEAF_TDH_VP_ADDCX, box_page(b), second, 0, 0);
	box_ok(b, 0, LEAF_TDH_VP_INIT, second, 0x123456789abc, 0, 0);
	assert_int_equal(box_call(b, 0, LEAF_TDH_VP_INIT, second, 0), TDX_VCPU_STATE_INCORRECT);
	box_ok(b, 0, LEAF_TDH_MR_FINALIZE, tdr, 0, 0, 0);
	memset(&b->regs, 0xff, sizeof(b->regs));
	b->regs.gpr[GPR_RAX] = LEAF_TDH_VP_ENTER;
	b->regs.gpr[GPR_RCX] = second;
	assert_int_equal(module_seamcall(b->m, 0, &b->regs), MODULE_TO_GUEST);
	assert_int_equal(b->regs.gpr[GPR_RAX], 0);
	assert_int_equal(b->regs.gpr[GPR_RBX], 48);
	assert_int_equal(b->regs.gpr[GPR_RCX], 0x123456789abc);
	assert_int_equal(b->regs.gpr[GPR_R8], 0x123456789abc);
	assert_int_equal(b->regs.gpr[GPR_RSI], 1);
	assert_int_equal(b->regs.gpr[GPR_R15], 0);
	assert_int_equal(b->regs.xmm[3][7], 0);
	platform_tsc_advance(b->p, 1 << 20);
	module_vm_exit(b->m, 0, &b->regs, &(struct vm_exit){ .reason = 1, .intr_info = 0x80000020 });
	assert_int_equal(box_call(b, 1, LEAF_TDH_VP_RD, second, 0), TDX_VCPU_ASSOCIATED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_each_by_name), TEST(takes_over_the_rest), TEST(vcpu_starts_as_specified),
	};

	return cmocka_run_group_tests_name("configuration of a TD", tests, NULL, NULL);
}
