"""Contracts and environments belong to their customer; products and versions are the provider's catalogue, which all may read."""

from django.db import migrations

from accounts.rls import addressable, provider_table, same_customer, tenant_table


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_initial"), ("accounts", "0002_tenancy"), ("sla", "0002_tenancy")]
    operations = [
        provider_table("contracts_product", tenant_reads=True),
        provider_table("contracts_version", tenant_reads=True),
        addressable("contracts_contract"),
        addressable("contracts_environment"),
        same_customer("contracts_contractproduct", "contract_id", "contracts_contract"),
        same_customer("contracts_terms", "contract_id", "contracts_contract"),
        same_customer("contracts_standing", "contract_id", "contracts_contract"),
        same_customer("contracts_environment", "contract_id", "contracts_contract"),
        same_customer("contracts_installation", "environment_id", "contracts_environment"),
        same_customer("contracts_environmentcontact", "environment_id", "contracts_environment"),
        tenant_table("contracts_contract"),
        tenant_table("contracts_contractproduct", changes="INSERT, UPDATE, DELETE"),
        tenant_table("contracts_terms", changes="INSERT"),
        tenant_table("contracts_standing", changes="INSERT"),
        tenant_table("contracts_environment"),
        tenant_table("contracts_installation", changes="INSERT, UPDATE, DELETE"),
        tenant_table("contracts_environmentcontact", changes="INSERT, UPDATE, DELETE"),
    ]
